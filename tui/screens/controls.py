"""What the keys of the main screen do. How things look is in `tui.screens.main`."""

from __future__ import annotations

from pkgutil import resolve_name
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen

from engine.types import AttackSettings, ClassLabel, ExplainSettings, ListedModel, ModelSettings
from engine.worker.protocol import Command, Save
from tui.screens.base import WorkspaceScreen
from tui.screens.form import FormScreen
from tui.screens.picker import Choice, PickerScreen
from tui.screens.settings_forms import (
    attack_fields,
    build_attack,
    build_explain,
    class_choices,
    explain_fields,
    target_choices,
    target_setting,
)
from tui.state import hints
from tui.state.keys import KEYS


def where(model: ListedModel) -> str:
    """Whether a network's weights are here, or how much there is to download."""
    if model.cached:
        return "built in" if model.name == "builtin" else "here"
    return f"{model.megabytes:.0f} MB to download"


class Controls(WorkspaceScreen):
    """The actions behind `tui.state.keys.KEYS`. Subclasses show what has changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.keys, key.action, key.help, show=False)
        for key in KEYS
        if not key.action.startswith("app.focus")
    ]

    def show_settings(self) -> None:
        """Show the settings, which have changed."""
        raise NotImplementedError

    def show_evidence(self) -> None:
        """Show the evidence, or show it in another way."""
        raise NotImplementedError

    def show_picture(self) -> None:
        """Show the open picture, or why there is none."""
        raise NotImplementedError

    def show_axis(self) -> None:
        """Show the time axis as it is now."""
        raise NotImplementedError

    def show_attack(self) -> None:
        """Bring the attack in sight, where the window shows pages."""
        raise NotImplementedError

    def explain_soon(self) -> None:
        """Ask for evidence in a moment, if it follows by itself."""
        raise NotImplementedError

    def _do(self, commands: list[Command]) -> None:
        self.host.send(*commands)
        self.show_settings()

    def _need_picture(self) -> bool:
        if self.workspace.picture.opened is not None:
            return True
        waits = "A moment: the picture comes with the network."
        self.notify(waits if self.workspace.picture_comes else "Open a picture first.")
        return False

    # --- the attack -----------------------------------------------------------------------------

    def action_play(self) -> None:
        """Play, pause, or begin; before there is a picture, begin as soon as it comes."""
        if self.workspace.picture_comes:
            self.workspace.picture.play_on_arrival = True
            self.notify("The attack begins as soon as the network is there.")
        elif self._need_picture():
            self.show_attack()
            self._do(self.workspace.play_or_pause())
            self.host.use_hint(hints.PLAY)

    def action_again(self) -> None:
        """Begin anew with the settings as they are."""
        if self._need_picture():
            self.show_attack()
            self._do(self.workspace.start(play=True))
            self.host.use_hint(hints.PLAY)

    def action_similar(self) -> None:
        """Attack towards the runner-up class."""
        self.workspace.attack.change_target("similar")
        self.host.use_hint(hints.SIMILAR)
        self.action_again()

    def action_method(self) -> None:
        """Take the next method."""
        self.workspace.attack.next_method()
        self.show_settings()

    def action_epsilon(self, by: int) -> None:
        """Change epsilon."""
        self.workspace.attack.change_epsilon(up=by > 0)
        self.show_settings()

    def action_seed(self) -> None:
        """Take the next seed."""
        self.workspace.attack.next_seed()
        self.show_settings()

    def action_pick_target(self) -> None:
        """Choose a target."""
        attack, labels = self.workspace.attack, self._labels

        def picked(value: str | None) -> None:
            if value is not None:
                attack.change_target(target_setting(value, labels))
                self.show_settings()

        target = attack.settings.target
        now = str(labels.index(target)) if target in labels else target
        self.app.push_screen(PickerScreen("Target", target_choices(labels), now), picked)

    def action_edit(self) -> None:
        """Edit all settings of the attack."""
        attack = self.workspace.attack

        def edited(settings: AttackSettings | None) -> None:
            if settings is not None:
                attack.settings = settings
                self.show_settings()

        fields, build = attack_fields(attack.settings, attack.values), build_attack(self._labels)
        self.app.push_screen(FormScreen("Attack", fields, build), edited)

    def action_save(self) -> None:
        """Save the adversarial picture."""
        if self.workspace.attack.frame is None:
            self.notify("There is no attack to save yet.", severity="warning")
            return
        self.host.send(Save(self.host.save_folder))

    @property
    def _labels(self) -> tuple[str, ...]:
        info = self.workspace.network.info
        return info.labels if info else ()

    # --- time -----------------------------------------------------------------------------------

    def action_step(self, by: int) -> None:
        """Move along the time axis."""
        if self._need_picture():
            self._do(self.workspace.step(by))

    def action_first(self) -> None:
        """To the clean picture."""
        self._do(self.workspace.attack.seek(0))

    def action_last(self) -> None:
        """To the last iteration computed."""
        frame = self.workspace.attack.frame
        self._do(self.workspace.attack.seek(len(frame.trace) - 1) if frame else [])

    def action_trace(self) -> None:
        """Evidence on the time axis, on or off."""
        self._do(self.workspace.toggle_trace())
        self.show_axis()

    def action_cancel(self) -> None:
        """Stop what runs."""
        was_loading = self.workspace.network.loading
        self._do(self.workspace.cancel())
        self.show_evidence()
        if was_loading:
            self.show_picture()

    # --- evidence -------------------------------------------------------------------------------

    def action_explain(self) -> None:
        """Explain now."""
        if self._need_picture():
            self._do(self.workspace.explain_now())
            self.show_evidence()

    def action_cycle_class(self) -> None:
        """Explain another class."""
        self.workspace.explained_class.next()
        self.show_settings()
        self.explain_soon()

    def action_pick_class(self) -> None:
        """Pick the class to explain."""
        network, explained = self.workspace.network, self.workspace.explained_class
        if network.info is None:
            return

        def picked(value: str | None) -> None:
            if value is not None:
                explained.pick(ClassLabel(int(value), network.label(int(value))))
                self.show_settings()
                self.explain_soon()

        now = str(explained.picked.index) if explained.picked else ""
        picker = PickerScreen("Class to explain", class_choices(network.info.labels), now)
        self.app.push_screen(picker, picked)

    def action_edit_explainer(self) -> None:
        """Edit the explainer's settings."""
        workspace = self.workspace

        def edited(explain: ExplainSettings | None) -> None:
            if explain is not None and explain != workspace.explain:
                workspace.explain = explain
                self.show_settings()
                self.show_evidence()
                self.explain_soon()

        fields = explain_fields(workspace.explain, workspace.network.info, workspace.explain_values)
        self.app.push_screen(FormScreen("Explanation", fields, build_explain), edited)

    def action_auto(self) -> None:
        """Evidence by itself, or only when asked for."""
        self.workspace.follow = not self.workspace.follow
        self.show_evidence()
        self.explain_soon()

    # --- window ---------------------------------------------------------------------------------

    def action_open_screen(self, name: str, needs_picture: bool) -> None:
        """Open a screen (see `tui.state.keys.opens`)."""
        if not needs_picture or self._need_picture():
            screen: Screen[None] = resolve_name(name)()
            self.app.push_screen(screen, lambda _: self.come_back())

    def come_back(self) -> None:
        """Another screen, which may have changed anything, was left."""
        self.show_settings()
        if self.workspace.evidence_wanted:
            self.explain_soon()

    def action_pick_model(self) -> None:
        """Choose a network."""
        network = self.workspace.network
        if not network.listed:
            self.notify("The list of networks comes with torch: a moment.", timeout=3)
            return

        def picked(value: str | None) -> None:
            if value is not None:
                settings = ModelSettings(name=value, device=network.settings.device)
                self._do(self.workspace.load(settings))

        choices = [Choice(one.name, one.name, where(one)) for one in network.listed]
        self.app.push_screen(PickerScreen("Network", choices, network.settings.name), picked)

    def action_nothing(self) -> None:
        """The list under the focus does it."""
