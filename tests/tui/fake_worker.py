"""A worker without torch: answers commands as the real one does, with drawn numbers.

It works on the caller's thread, at once, so that tests need not wait. `hold` makes a playing
attack stand until `advance` is called. `test_worker_contract` holds it to the real one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine import types
from engine.worker import protocol as ev

from . import drawn


class FakeWorker:
    """See the module's docstring. `sent` keeps all commands."""

    def __init__(
        self, emit: Callable[[ev.Event], None], pictures: int = 6, load: bool = True
    ) -> None:
        self.emit = emit
        self.sent: list[ev.Command] = []
        self.stopped = self.hold = False
        self.load, self.pictures = load, pictures
        self.labels = drawn.LABELS
        self._paths: tuple[str, ...] = ()
        self._path = ""
        self._original = types.ClassLabel(0, drawn.LABELS[0])
        self._target: types.ClassLabel | None = None
        self._settings: types.AttackSettings | None = None
        self._run = self._last = self._cursor = 0
        self._loaded = self._playing = False
        self._tracing: ev.TraceEvidence | None = None

    def start(self) -> None:
        """Nothing to start."""

    def stop(self, timeout: float) -> bool:
        """Note it."""
        self.stopped = True
        return True

    def of(self, kind: type) -> list[ev.Command]:
        """All commands of a kind, in order."""
        return [command for command in self.sent if isinstance(command, kind)]

    def send(self, command: ev.Command) -> None:
        """Answer at once."""
        self.sent.append(command)
        try:
            getattr(self, f"_{type(command).__name__.lower()}", lambda _: None)(command)
        except types.UserError as error:
            run_id = getattr(command, "run_id", 0)
            self.emit(ev.Failed(type(command), str(error), run_id))
            if self._playing and isinstance(command, ev.Open | ev.StartAttack):
                self._cancel()

    # --- model and pictures ---------------------------------------------------------------------

    def _findpictures(self, command: ev.FindPictures) -> None:
        root = command.paths[0] if command.paths else "pictures"
        if root == "/nowhere":
            self.emit(ev.Failed(ev.FindPictures, f"{root} does not exist: check the path."))
            self.emit(ev.Found((), done=True))
            return
        names = ("elephant", "balls/table tennis", "zebra", "fox", "soup", "pump")
        self._paths = tuple(
            f"{root}/{names[i] if i < len(names) else f'more/{i:06}'}.png"
            for i in range(self.pictures)
        )
        self.emit(ev.Found(self._paths, done=True))

    def _loadmodel(self, command: ev.LoadModel) -> None:
        name = command.settings.name
        if not self.load:
            self.emit(ev.Progress(f"loading {name}", 12_300_000, 35_500_000, "B", 5_100_000.0, 4.5))
            return
        if self._playing:
            self._cancel()
        if name == "missing":
            raise types.UserError("unknown network 'missing': did you mean mobilenet_v2?")
        self._loaded, self._path, self._settings = True, "", None
        layers = ("features.0", "features.3", "features.7", "classifier")
        info = types.ModelInfo(name, "cpu", self.labels, (224, 224), layers, 3_500_000, "synthetic")
        self.emit(ev.Loaded(info))
        self.emit(ev.Status("", "cpu", 256 << 20, float("nan")))

    def _listmodels(self, _: ev.ListModels) -> None:
        self.emit(ev.ModelsListed(drawn.MODELS))

    def _glance(self, command: ev.Glance) -> None:
        for path in command.paths if self.load else ():
            if "soup" in path or "broken" in path:
                self.emit(ev.Glanced(path, None, "not a picture"))
            else:
                self.emit(ev.Glanced(path, self._glimpse(path)))

    def _glimpse(self, path: str) -> types.Prediction:
        number = (self._paths.index(path) if path in self._paths else 0) % 49
        return types.Prediction(number, self.labels[number], 0.99 - number / 50)

    def _need_network(self) -> None:
        if not self._loaded:
            raise types.UserError("no network is loaded: choose one first.")

    def _open(self, command: ev.Open) -> None:
        self._need_network()
        if "broken" in command.path:
            raise types.UserError(f"{command.path} is no picture: choose another.")
        self._path, self._settings, self._playing = command.path, None, False
        self._original = self._label({"fox": 10, "zebra": 4}.get(Path(command.path).stem, 0))
        shown, original = self._predictions(0.0), self._original
        clean = drawn.picture(original.index)
        self.emit(ev.Opened(command.run_id, self._path, clean, shown, original))
        self.emit(ev.Glanced(self._path, self._glimpse(self._path)))

    # --- the attack -----------------------------------------------------------------------------

    def _label(self, index: int) -> types.ClassLabel:
        return types.ClassLabel(index, self.labels[index])

    def _aim(self, target: str) -> types.ClassLabel | None:
        rules = {"random": 1, "similar": 2, "nearest": 3}
        if target == "none":
            return None
        index = rules[target] if target in rules else types.find_class(target, self.labels)
        if index == self._original.index:
            raise types.UserError("the picture is of that class already: choose another target.")
        return self._label(index)

    def _predictions(self, share: float) -> tuple[types.Prediction, ...]:
        original = self._original.index
        target = self._target.index if self._settings and self._target else 1
        rest = [i for i in range(8) if i not in (target, original)][:3]
        values = {
            original: 0.93 * (1 - share) + 0.0004 * share,
            target: 0.002 * (1 - share) + 0.9991 * share,
            **{index: 0.02 * (1 - share) / (1 + k) for k, index in enumerate(rest)},
        }
        ordered = sorted(values.items(), key=lambda item: -item[1])
        return tuple(types.Prediction(i, self.labels[i], p) for i, p in ordered)

    @property
    def _steps(self) -> int:
        return self._settings.iterations if self._settings else 1

    def _share(self, step: int) -> float:
        steps = self._steps
        return float(1 / (1 + np.exp(-(step - 0.35 * steps) * 12 / steps))) if step else 0.0

    def _startattack(self, command: ev.StartAttack) -> None:
        if not self._path:
            raise types.UserError("no picture is open: open one first.")
        self._run = command.run_id
        self._target = self._aim(command.settings.target)
        self._settings, self._playing = command.settings, command.play
        self._last = self._cursor = 0
        self._show()
        self._points()
        self._go()

    def _go(self) -> None:
        while self._playing and not self.hold:
            self.advance()

    def advance(self, count: int = 1) -> None:
        """Iterate as a playing attack does."""
        for _ in range(min(count, self._steps - self._last)):
            self._last += 1
            self._cursor = self._last
            self._playing = self._playing and self._last < self._steps
            self._show()
            self._points()

    def _record(self, step: int) -> types.StepRecord:
        share = self._share(step)
        top = self._predictions(share)
        seen = {p.index: p.probability for p in top}
        epsilon = self._settings.epsilon if self._settings else 0.0
        return types.StepRecord(
            step=step,
            loss=6.0 * (1 - share),
            linf=epsilon * min(1.0, 2.5 * step / self._steps),
            l2=0.1 * step,
            probability_target=seen[self._target.index] if self._target else float("nan"),
            probability_original=seen[self._original.index],
            top=top,
        )

    def _show(self) -> None:
        settings, target = self._settings, self._target
        assert settings is not None
        trace = tuple(self._record(step) for step in range(self._last + 1))
        fooled = (r.step for r in trace if target and r.probability_target > 0.5)
        shown = drawn.attacked(self._original.index, settings.seed, self._cursor, self._steps)
        frame = types.Frame(
            step=self._cursor,
            picture=shown[0],
            perturbation=shown[1],
            factor=0.5 / settings.epsilon if settings.epsilon else 1.0,
            predictions=self._predictions(self._share(self._cursor)),
            trace=trace,
            target=target,
            original=self._original,
            success_step=next(fooled, None),
            playing=self._playing,
            finished=f"all {self._last} steps done" if self._last >= self._steps else "",
            settings=settings,
            clean=self._predictions(0.0),
        )
        self.emit(ev.Stepped(self._run, frame))

    def _move(self, cursor: int | None = None, playing: bool = False) -> None:
        if self._settings is None:
            raise types.UserError("there is no attack yet: start one first.")
        self._playing = playing and self._last < self._steps
        self._cursor = max(0, min(self._cursor if cursor is None else cursor, self._last))

    def _play(self, _: ev.Play) -> None:
        self._move(self._last, playing=True)
        self._show()
        self._go()

    def _pause(self, _: ev.Pause | None = None) -> None:
        self._move()
        self._show()

    def _seek(self, command: ev.Seek) -> None:
        self._move(command.step)
        self._show()

    def _stepby(self, command: ev.StepBy) -> None:
        wanted = self._cursor + command.n
        self._move(wanted)
        if wanted > self._last and self._last < self._steps:
            self.advance(wanted - self._last)
        else:
            self._show()

    def _cancel(self, _: ev.Cancel | None = None) -> None:
        if self._settings is not None:
            self._pause()

    def _save(self, _: ev.Save) -> None:
        if self._settings is None:
            raise types.UserError("there is no attack to save: start one first.")
        seen = self._predictions(self._share(self._cursor))[0]
        self.emit(ev.Saved(types.SavedAttack("out/x.npy", "out/x.png", True, seen)))

    def _survey(self, _: ev.Survey) -> None:
        self._need_network()  # tests tell the rest themselves

    # --- evidence -------------------------------------------------------------------------------

    def _explain(self, command: ev.Explain) -> None:
        if not self._path:
            raise types.UserError("no picture is open: there is nothing to explain.")
        if command.settings.layer == "features.9":
            raise types.UserError("layer features.9 does not exist: did you mean features.7?")
        share = self._share(self._cursor) if self._settings else 0.0
        sides = {"clean": 0.0, "adversarial": share}
        shown = {side: self._predictions(share) for side, share in sides.items()}
        asked = [query for query in command.queries if query.side == "clean" or self._settings]
        attributions = [
            (query, self.labels[query.class_index], sides[query.side], shown[query.side])
            for query in asked
        ]
        step = self._cursor if self._settings else 0
        for part in (0.25, 1.0):
            samples = max(1, int(command.settings.samples * part))
            evidence = drawn.evidence(attributions, command.settings, samples, step)
            self.emit(ev.Explained(command.run_id, evidence))

    def _traceevidence(self, command: ev.TraceEvidence) -> None:
        self._tracing = command if command.every else None
        if self._settings is not None:
            self._points()

    def _points(self) -> None:
        if self._tracing is None:
            return
        labels = [label for label in (self._target, self._original) if label]
        steps = [s for s in range(self._last + 1) if s % self._tracing.every == 0]
        if self._last == self._steps and self._last not in steps:
            steps.append(self._last)
        points = tuple(
            types.EvidencePoint(
                step, label.index, 0.002 * (1 + k - 0.5 * self._share(step)), 0.0001
            )
            for step in steps
            for k, label in enumerate(labels)
        )
        self.emit(ev.EvidenceTraced(self._run, "mean_abs", points))
