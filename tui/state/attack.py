"""The attack: its settings, the iteration that is shown, and the evidence beside its time axis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from engine.types import (
    METHODS,
    TARGET_RULES,
    AttackSettings,
    EvidencePoint,
    ExplainSettings,
    Frame,
    UserError,
    find_class,
    values_of,
)
from engine.worker.protocol import (
    Command,
    EvidenceTraced,
    Failed,
    Pause,
    Play,
    Seek,
    StartAttack,
    StepBy,
    Stepped,
    TraceEvidence,
)
from tui.state.epsilons import next_epsilon
from tui.state.failures import is_failure_of

TRACE_SHARE = 0.3
"""Part of the worker's time that evidence beside a playing attack may take."""
TRACE_POINTS = 20
"""Iterations explained per attack, about."""


class AttackView:
    """`settings` of the next attack; `frame` and `run` of the one that is shown (0: none).

    `frame` is the home of all that is known of the attack: whether it plays, where the cursor is,
    what is predicted. `traced` says whether evidence is wanted beside the time axis; `points` is
    what has come of it, `statistic` the figure's name.
    """

    def __init__(self, settings: AttackSettings, ids: Iterator[int]) -> None:
        self.values: dict[str, Any] = {}
        """The value last set for each field of an attack, whichever method has a use for it."""
        self.settings = settings
        self.frame: Frame | None = None
        self.run = 0
        self.traced = False
        self.points: tuple[EvidencePoint, ...] = ()
        self.statistic = ""
        self._ids = ids
        self._sought: int | None = None  # the step last sought, until its frame arrives

    @property
    def settings(self) -> AttackSettings:
        """Settings of the next attack."""
        return self._settings

    @settings.setter
    def settings(self, settings: AttackSettings) -> None:
        self._settings = settings
        self.values |= values_of(settings)

    # --- what is shown --------------------------------------------------------------------------

    @property
    def playing(self) -> bool:
        """Whether iterations follow one another by themselves."""
        return self.frame is not None and self.frame.playing

    @property
    def changed(self) -> bool:
        """Whether the settings differ from those of the attack that is shown."""
        return self.frame is not None and self.frame.settings != self.settings

    @property
    def iterations(self) -> int:
        """Iterations of the attack that is shown, or of the next one."""
        return (self.frame.settings if self.frame else self.settings).iterations

    @property
    def cursor(self) -> int:
        """Where the cursor is or, frames arriving late, where it was last sent to."""
        if self._sought is not None:
            return self._sought
        return self.frame.step if self.frame else 0

    # --- what is asked of the worker ------------------------------------------------------------

    def start(self, play: bool, explain: ExplainSettings) -> list[Command]:
        """Begin the attack as the settings say, with evidence beside it if that is wanted."""
        self.run = next(self._ids)
        self._sought, self.points = None, ()
        trace = self._trace(explain) if self.traced else []
        return [StartAttack(self.run, self.settings, play), *trace]

    def toggle(self) -> list[Command]:
        """Pause the attack, or let it go on."""
        self._sought = None
        return [Pause()] if self.playing else [Play()]

    def seek(self, step: int) -> list[Command]:
        """Show an iteration, computing the next one where it lies beyond the last."""
        if self.frame is None:
            return []
        last = self.frame.trace[-1].step if self.frame.trace else self.frame.step
        if step <= last:
            step = max(0, step)
            if step == self.cursor and not self.frame.playing:
                return []
            self._sought = step
            return [Seek(step)]
        self._sought = None
        return [] if self.frame.finished else [StepBy(1)]

    def toggle_trace(self, explain: ExplainSettings) -> list[Command]:
        """Turn the evidence beside the time axis on or off."""
        self.traced = not self.traced
        if not self.traced:
            self.points = ()
        return self._trace(explain)

    def _trace(self, explain: ExplainSettings) -> list[Command]:
        every = max(1, self.settings.iterations // TRACE_POINTS) if self.traced else 0
        return [TraceEvidence(every, TRACE_SHARE, explain)]

    # --- events ---------------------------------------------------------------------------------

    def take(self, event: Stepped | EvidenceTraced) -> bool:
        """Bring in an answer; False for one that nobody waits for any more."""
        if event.run_id != self.run:
            return False
        if isinstance(event, EvidenceTraced):
            if self.traced:
                self.points, self.statistic = event.points, event.statistic
            return self.traced
        self.frame = event.frame
        if event.frame.step == self._sought or event.frame.playing:
            self._sought = None
        return True

    def take_failure(self, event: Failed) -> None:
        """The cursor has not gone where it was sent."""
        if is_failure_of(event, StartAttack, Play, Pause, Seek, StepBy):
            self._sought = None

    def leave(self) -> None:
        """Another picture was asked for: answers about this one are not waited for."""
        self.run = 0

    def forget(self) -> None:
        """Nothing has been attacked."""
        self.leave()
        self.frame, self._sought, self.points = None, None, ()

    # --- settings -------------------------------------------------------------------------------

    def next_method(self) -> None:
        """Take the next method."""
        names = list(METHODS)
        following = names[(names.index(self.settings.method) + 1) % len(names)]
        self.settings = METHODS.switched(self.settings, following, self.values)

    def change_epsilon(self, up: bool) -> None:
        """Take the next larger or smaller epsilon."""
        self.settings = replace(self.settings, epsilon=next_epsilon(self.settings.epsilon, up))

    def change_target(self, target: str) -> None:
        """Take another target: a class or a rule."""
        self.settings = replace(self.settings, target=target)

    def next_seed(self) -> None:
        """Take the next seed."""
        self.settings = replace(self.settings, seed=(self.settings.seed + 1) % 2**32)

    def check_target(self, labels: tuple[str, ...]) -> str:
        """Why the target is no class of the network that has come, which leaves it random."""
        if not labels or self.settings.target in TARGET_RULES:
            return ""
        try:
            find_class(self.settings.target, labels)
        except UserError as error:
            self.change_target("random")
            return f"{error} The target is random until you choose another (t)."
        return ""
