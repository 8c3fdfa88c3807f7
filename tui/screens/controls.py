"""What the keys of the main screen do. How things look is in `tui.screens.main`."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, get_args

from textual.binding import Binding, BindingType

from engine.types import AttackSettings, ClassLabel, ExplainSettings, ListedModel, ModelSettings
from engine.worker.protocol import Command, Save
from tui.draw.pixels import HeatMode
from tui.screens.aside import SessionScreen
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
from tui.state.known import CLASS_CHOICES

HEAT_MODES: tuple[HeatMode, ...] = get_args(HeatMode)


def where(model: ListedModel) -> str:
    """Whether a network's weights are here, or how much there is to download."""
    if model.cached:
        return "built in" if model.name == "builtin" else "here"
    return f"{model.megabytes:.0f} MB to download"


class Controls(SessionScreen):
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
        self.xaway.send(*commands)
        self.show_settings()

    def _need_picture(self) -> bool:
        if self.session.opened is None:
            words = "A moment: the picture comes with the network."
            self.notify(words if self._picture_comes else "Open a picture first.")
            return False
        return True

    @property
    def _picture_comes(self) -> bool:
        session = self.session
        return session.opened is None and bool(
            session.loading or (session.path and session.info and not session.refused)
        )

    # --- the attack -----------------------------------------------------------------------------

    def action_play(self) -> None:
        """Play, pause, or begin; before there is a picture, begin as soon as it comes."""
        if self._picture_comes:
            self.session.play_on_arrival = True
            self.notify("The attack begins as soon as the network is there.")
        elif self._need_picture():
            self.show_attack()
            self._do(self.session.play_or_pause())
            self.xaway.use_hint(hints.PLAY)

    def action_again(self) -> None:
        """Begin anew with the settings as they are."""
        if self._need_picture():
            self.show_attack()
            self._do(self.session.start(play=True))
            self.xaway.use_hint(hints.PLAY)

    def action_similar(self) -> None:
        """Attack towards the runner-up class."""
        self.session.attack = replace(self.session.attack, target="similar")
        self.xaway.use_hint(hints.SIMILAR)
        self.action_again()

    def action_method(self) -> None:
        """Take the next method."""
        self.session.cycle_method()
        self.show_settings()

    def action_epsilon(self, by: int) -> None:
        """Change epsilon."""
        self.session.change_epsilon(up=by > 0)
        self.show_settings()

    def action_seed(self) -> None:
        """Take the next seed."""
        self.session.new_seed()
        self.show_settings()

    def action_pick_target(self) -> None:
        """Choose a target."""
        info = self.session.info
        labels = info.labels if info else ()

        def picked(value: str | None) -> None:
            if value is not None:
                target = target_setting(value, labels)
                self.session.attack = replace(self.session.attack, target=target)
                self.show_settings()

        target = self.session.attack.target
        now = str(labels.index(target)) if target in labels else target
        self.app.push_screen(PickerScreen("Target", target_choices(labels), now), picked)

    def action_edit(self) -> None:
        """Edit all settings of the attack."""
        info = self.session.info

        def edited(attack: AttackSettings | None) -> None:
            if attack is not None:
                self.session.attack = attack
                self.show_settings()

        fields = attack_fields(self.session.attack)
        build = build_attack(info.labels if info else ())
        self.app.push_screen(FormScreen("Attack", fields, build), edited)

    def action_save(self) -> None:
        """Save the adversarial picture."""
        if self.session.frame is None:
            self.notify("There is no attack to save yet.", severity="warning")
            return
        self.xaway.send(Save(self.xaway.save_folder))

    # --- time -----------------------------------------------------------------------------------

    def action_step(self, by: int) -> None:
        """Move along the time axis."""
        if self._need_picture():
            self._do(self.session.step(by))

    def action_first(self) -> None:
        """To the clean picture."""
        self._do(self.session.seek(0))

    def action_last(self) -> None:
        """To the last iteration computed."""
        frame = self.session.frame
        self._do(self.session.seek(len(frame.trace) - 1) if frame else [])

    def action_trace(self) -> None:
        """Evidence on the time axis, on or off."""
        self._do(self.session.toggle_trace())
        self.show_axis()

    def action_cancel(self) -> None:
        """Stop what runs."""
        was_loading = self.session.loading
        self._do(self.session.cancel())
        self.show_evidence()
        if was_loading:
            self.xaway.open_waiting()
            self.show_picture()

    # --- evidence -------------------------------------------------------------------------------

    def action_explain(self) -> None:
        """Explain now."""
        if self._need_picture():
            self._do(self.session.explain_now())
            self.show_evidence()

    def action_cycle_class(self) -> None:
        """Explain another class."""
        session = self.session
        choices = [choice for choice in CLASS_CHOICES if choice != "picked" or session.picked]
        at = choices.index(session.class_choice) if session.class_choice in choices else -1
        session.class_choice = choices[(at + 1) % len(choices)]
        self.show_settings()
        self.explain_soon()

    def action_pick_class(self) -> None:
        """Pick the class to explain."""
        info = self.session.info
        if info is None:
            return

        def picked(value: str | None) -> None:
            if value is not None:
                index = int(value)
                self.session.picked = ClassLabel(index, self.session.label(index))
                self.session.class_choice = "picked"
                self.show_settings()
                self.explain_soon()

        now = str(self.session.picked.index) if self.session.picked else ""
        picker = PickerScreen("Class to explain", class_choices(info.labels), now)
        self.app.push_screen(picker, picked)

    def action_edit_explainer(self) -> None:
        """Edit the explainer's settings."""

        def edited(explain: ExplainSettings | None) -> None:
            if explain is not None and explain != self.session.explain:
                self.session.explain = explain
                self.show_settings()
                self.show_evidence()
                self.explain_soon()

        fields = explain_fields(self.session.explain, self.session.info)
        self.app.push_screen(FormScreen("Explanation", fields, build_explain), edited)

    def action_heat_mode(self) -> None:
        """Signed, absolute or positive."""
        look = self.session.look
        mode = HEAT_MODES[(HEAT_MODES.index(look.mode) + 1) % len(HEAT_MODES)]
        self.session.look = replace(look, mode=mode)
        self.show_evidence()

    def action_overlay(self) -> None:
        """Over the picture or alone."""
        self.session.look = replace(self.session.look, overlay=not self.session.look.overlay)
        self.show_evidence()

    def action_scale(self) -> None:
        """One scale for all, or one each."""
        self.session.look = replace(self.session.look, shared=not self.session.look.shared)
        self.show_evidence()

    def action_auto(self) -> None:
        """Evidence by itself, or only when asked for."""
        self.session.auto_evidence = not self.session.auto_evidence
        self.show_evidence()
        self.explain_soon()

    def action_juxtapose(self) -> None:
        """Five classes of each side."""
        if self._need_picture():
            from tui.screens.juxtaposition import JuxtapositionScreen

            self.xaway.use_hint(hints.JUXTAPOSE)
            self.app.push_screen(JuxtapositionScreen(), lambda _: self.explain_soon())

    # --- window ---------------------------------------------------------------------------------

    def action_survey(self) -> None:
        """The experiment over a folder."""
        from tui.screens.survey import SurveyScreen

        self.app.push_screen(SurveyScreen())

    def action_zoom(self) -> None:
        """One picture, large."""
        if self._need_picture():
            from tui.screens.zoom import ZoomScreen

            self.app.push_screen(ZoomScreen())

    def action_pick_model(self) -> None:
        """Choose a network."""
        if not self.xaway.models:
            self.notify("The list of networks comes with torch: a moment.", timeout=3)
            return

        def picked(value: str | None) -> None:
            if value is not None:
                device = self.session.model.device
                self._do(self.session.load_model(ModelSettings(name=value, device=device)))

        choices = [Choice(one.name, one.name, where(one)) for one in self.xaway.models]
        self.app.push_screen(PickerScreen("Network", choices, self.session.model.name), picked)

    def action_help(self) -> None:
        """Show the keys."""
        from tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen())

    def action_nothing(self) -> None:
        """The list under the focus does it."""
