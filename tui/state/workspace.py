"""What the screens ask of the worker: each method returns the commands to send."""

from __future__ import annotations

from dataclasses import replace

from engine.types import (
    METHODS,
    TARGET_RULES,
    ModelSettings,
    Query,
    UserError,
    find_class,
)
from engine.worker.protocol import (
    Cancel,
    Command,
    Explain,
    LoadModel,
    Open,
    Pause,
    Play,
    Seek,
    StartAttack,
    StepBy,
    TraceEvidence,
)
from tui.state.epsilons import next_epsilon
from tui.state.known import Known

TRACE_SHARE = 0.3
"""Part of the worker's time that evidence beside a playing attack may take."""
TRACE_POINTS = 20
"""Iterations explained per attack, about."""


class Session(Known):
    """The state that all screens share, with what can be asked for."""

    def load_model(self, settings: ModelSettings) -> list[Command]:
        """Load a network; the open picture is opened anew when it is there."""
        self.model = settings
        self.loading = True
        return [LoadModel(settings)]

    def open(self, path: str) -> list[Command]:
        """Open a picture, at once or as soon as a network is there."""
        self.path, self.refused, self.explaining = path, "", False
        if self.info is None or self.loading:
            return []
        self._open_run = next(self._ids)
        self._attack_run = 0
        return [Open(self._open_run, path)]

    def start(self, play: bool) -> list[Command]:
        """Begin the attack on the open picture as the settings say."""
        if self.opened is None:
            return []
        self._attack_run = next(self._ids)
        self._wanted = None
        self.points = ()
        self.explaining = False
        return [
            StartAttack(self._attack_run, self.attack, play),
            *(self._trace_commands() if self.trace_on else ()),
        ]

    def play_or_pause(self) -> list[Command]:
        """Play, pause, or begin; an attack that has ended begins again."""
        if self.frame is None or self.frame.finished:
            return self.start(play=True)
        self._wanted = None
        return [Pause()] if self.frame.playing else [Play()]

    def cancel(self) -> list[Command]:
        """Stop what runs; the network before stays where another was being loaded."""
        self._keep_network()
        self.explaining = self.play_on_arrival = False
        return [Cancel()]

    def step(self, by: int) -> list[Command]:
        """Move the cursor; begins the attack, paused, where there is none."""
        if self.frame is None:
            return [*self.start(play=False), StepBy(1)] if self.opened and by > 0 else []
        return self.seek(self._cursor + by)

    def seek(self, step: int) -> list[Command]:
        """Show an iteration, computing the next one where it lies beyond the last."""
        if self.frame is None:
            return []
        last = self.frame.trace[-1].step if self.frame.trace else self.frame.step
        if step <= last:
            step = max(0, step)
            if step == self._cursor and not self.frame.playing:
                return []
            self._wanted = step
            return [Seek(step)]
        self._wanted = None
        return [] if self.frame.finished else [StepBy(1)]

    @property
    def _cursor(self) -> int:
        """Where the cursor is or, frames arriving late, where it was last sent to."""
        if self._wanted is not None:
            return self._wanted
        return self.frame.step if self.frame else 0

    def explain_now(self) -> list[Command]:
        """Explain the chosen class of the clean picture and of the iteration shown."""
        return self._explain(self.queries(), juxtapose=False)

    def juxtapose(self, queries: tuple[Query, ...]) -> list[Command]:
        """Explain these side by side; what is there of the same pictures stays until then."""
        step = self.frame.step if self.frame else 0
        known = self.juxtaposed
        if known and (known.step != step or self._juxtaposed_attack != self._attack_run):
            self.juxtaposed = None
        return self._explain(queries, juxtapose=True)

    def _explain(self, queries: tuple[Query, ...], juxtapose: bool) -> list[Command]:
        if not queries:
            return []
        self._explain_run = next(self._ids)  # what was asked for before is not waited for
        self._asked_attack = self._attack_run
        self._asked_juxtapose = juxtapose
        self.explaining = True
        return [Explain(self._explain_run, queries, self.explain)]

    def toggle_trace(self) -> list[Command]:
        """Turn the evidence on the time axis on or off."""
        self.trace_on = not self.trace_on
        if not self.trace_on:
            self.points = ()
        return self._trace_commands()

    def _trace_commands(self) -> list[Command]:
        every = max(1, self.attack.iterations // TRACE_POINTS) if self.trace_on else 0
        return [TraceEvidence(every, TRACE_SHARE, self.explain)]

    # --- settings -------------------------------------------------------------------------------

    def cycle_method(self) -> None:
        """Take the next method."""
        following = METHODS[(METHODS.index(self.attack.method) + 1) % len(METHODS)]
        self.attack = replace(self.attack, method=following)

    def change_epsilon(self, up: bool) -> None:
        """Take the next larger or smaller epsilon."""
        self.attack = replace(self.attack, epsilon=next_epsilon(self.attack.epsilon, up))

    def settle_target(self) -> str:
        """Why the target is no class of the network that has come, which leaves it random."""
        labels = self.info.labels if self.info else ()
        if not labels or self.attack.target in TARGET_RULES:
            return ""
        try:
            find_class(self.attack.target, labels)
        except UserError as error:
            self.attack = replace(self.attack, target="random")
            return f"{error} The target is random until you choose another (t)."
        return ""

    def new_seed(self) -> None:
        """Take the next seed."""
        self.attack = replace(self.attack, seed=(self.attack.seed + 1) % 2**32)
