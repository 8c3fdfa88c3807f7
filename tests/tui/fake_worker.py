"""A worker without torch: answers commands as the real one does, with drawn numbers.

It works on the caller's thread, at once, so that tests need not wait. `hold` makes a playing
attack stand until `advance` is called.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.types import (
    AttackSettings,
    Attribution,
    ClassLabel,
    Evidence,
    EvidencePoint,
    ExplainSettings,
    Frame,
    ListedModel,
    ModelInfo,
    Prediction,
    Query,
    StepRecord,
    UserError,
    find_class,
)
from engine.worker import protocol as ev

LABELS = (
    *("African elephant", "ping-pong ball", "Indian elephant", "tusker", "zebra", "gas pump"),
    *("forklift", "burrito", "sleeping bag", "ambulance", "grey fox", "coyote", "soup bowl"),
    *(f"class number {index}" for index in range(13, 1000)),
)
SIZE = 48
STATISTICS = (
    *("mean", "mean_abs", "positive", "negative", "max", "q05", "q25", "median", "q75", "q95"),
    *("iqr", "coherence"),
)


def picture(seed: int) -> np.ndarray:
    """A hill of light over a slope of colour, (SIZE, SIZE, 3)."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    hill = np.exp(-(((x - 0.5) ** 2 + (y - 0.4 - 0.05 * seed) ** 2) / 0.05))
    parts = [0.25 + 0.6 * hill, 0.25 + 0.35 * y + 0.3 * hill, 0.6 - 0.4 * y + 0.2 * hill]
    return (np.clip(np.stack(parts, -1), 0, 1) * 255).astype(np.uint8)


class FakeWorker:
    """See the module's docstring. `sent` keeps all commands."""

    def __init__(
        self, emit: Callable[[ev.Event], None], pictures: int = 6, load: bool = True
    ) -> None:
        self.emit = emit
        self.sent: list[ev.Command] = []
        self.stopped = False
        self.hold = False
        self.load = load
        self.pictures = pictures
        self.labels = LABELS
        self._path = ""
        self._original = 0
        self._settings = AttackSettings()
        self._run = 0
        self._last = -1
        self._cursor = 0
        self._playing = False
        self._trace: ev.TraceEvidence | None = None

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
        except UserError as error:
            run_id = getattr(command, "run_id", 0)
            self.emit(ev.Failed(type(command).__name__, str(error), run_id))

    # --- model and pictures ---------------------------------------------------------------------

    def _findpictures(self, command: ev.FindPictures) -> None:
        root = command.paths[0] if command.paths else "pictures"
        names = ("elephant", "balls/table tennis", "zebra", "fox", "soup", "pump")
        found = tuple(
            f"{root}/{names[i] if i < len(names) else f'more/{i:06}'}.png"
            for i in range(self.pictures)
        )
        self.emit(ev.Found(found, done=True))

    def _loadmodel(self, command: ev.LoadModel) -> None:
        name = command.settings.name
        if not self.load:
            self.emit(ev.Progress(f"loading {name}", 12_300_000, 35_500_000, "B", 5_100_000.0, 4.5))
            return
        if name == "missing":
            raise UserError("unknown network 'missing': did you mean mobilenet_v2?")
        layers = ("features.0", "features.3", "features.7", "classifier")
        info = ModelInfo(name, "cpu", self.labels, (224, 224), layers, 3_500_000, "synthetic")
        self.emit(ev.Loaded(info))
        self.emit(ev.Status("", "cpu", 256 << 20, float("nan")))

    def _listmodels(self, _: ev.ListModels) -> None:
        listed = (
            ListedModel("builtin", "shipped", True, 0.0, 0, 0.0),
            ListedModel("inception_v3", "IMAGENET1K_V1", False, 103.9, 27_161_264, 77.3),
            ListedModel("mobilenet_v2", "IMAGENET1K_V2", True, 13.6, 3_504_872, 72.2),
            ListedModel("missing", "IMAGENET1K_V1", False, 1.0, 1, 0.0),
        )
        self.emit(ev.ModelsListed(listed))

    def _glance(self, command: ev.Glance) -> None:
        for number, path in enumerate(command.paths if self.load else ()):
            if "soup" in path:
                self.emit(ev.Glanced(path, None, "not a picture"))
            else:
                self.emit(
                    ev.Glanced(path, Prediction(number, self.labels[number], 0.99 - number / 50))
                )

    def _open(self, command: ev.Open) -> None:
        if "broken" in command.path:
            raise UserError(f"{command.path} is no picture: choose another.")
        self._path, self._run, self._last = command.path, 0, -1
        self._original = {"fox": 10, "zebra": 4}.get(Path(command.path).stem, 0)
        self.emit(
            ev.Opened(
                command.run_id,
                command.path,
                picture(self._original),
                self._predictions(0.0),
                self._label(self._original),
            )
        )

    # --- the attack -----------------------------------------------------------------------------

    def _label(self, index: int) -> ClassLabel:
        return ClassLabel(index, self.labels[index])

    @property
    def _target(self) -> ClassLabel | None:
        rules = {"random": 1, "similar": 2, "nearest": 3}
        target = self._settings.target
        if target == "none" or not self._run:
            return None
        return self._label(rules[target] if target in rules else find_class(target, self.labels))

    def _predictions(self, share: float) -> tuple[Prediction, ...]:
        target = self._target.index if self._target else 1
        rest = [index for index in range(8) if index not in (target, self._original)][:3]
        values = {
            self._original: 0.93 * (1 - share) + 0.0004 * share,
            target: 0.002 * (1 - share) + 0.9991 * share,
            **{index: 0.02 * (1 - share) / (1 + k) for k, index in enumerate(rest)},
        }
        ordered = sorted(values.items(), key=lambda item: -item[1])
        return tuple(Prediction(i, self.labels[i], p) for i, p in ordered)

    def _share(self, step: int) -> float:
        steps = self._settings.iterations
        return float(1 / (1 + np.exp(-(step - 0.35 * steps) * 12 / steps))) if step else 0.0

    def _startattack(self, command: ev.StartAttack) -> None:
        if not self._path:
            raise UserError("no picture is open.")
        self._settings, self._run = command.settings, command.run_id
        self._last = self._cursor = 0
        self._playing = command.play
        if self._target and self._target.index == self._original:
            self._run = 0
            raise UserError("the picture is of that class already: choose another target.")
        self._show()
        self._go()

    def _go(self) -> None:
        while self._playing and not self.hold:
            self.advance()

    def advance(self, count: int = 1) -> None:
        """Iterate as a playing attack does."""
        for _ in range(count):
            self._last = min(self._last + 1, self._settings.iterations)
            self._cursor = self._last
            self._playing = self._playing and self._last < self._settings.iterations
            self._show()
            self._points()

    def _show(self) -> None:
        target, settings = self._target, self._settings
        trace = []
        for step in range(self._last + 1):
            seen = {p.index: p.probability for p in self._predictions(self._share(step))}
            trace.append(
                StepRecord(
                    step=step,
                    loss=6.0 * (1 - self._share(step)),
                    linf=settings.epsilon * min(1.0, 2.5 * step / settings.iterations),
                    l2=0.1 * step,
                    probability_target=seen[target.index] if target else float("nan"),
                    probability_original=seen[self._original],
                    top=self._predictions(self._share(step)),
                )
            )
        success = next((r.step for r in trace if target and r.probability_target > 0.5), None)
        base = picture(self._original).astype(int)
        noise = np.random.default_rng(settings.seed).integers(-90, 91, (SIZE, SIZE, 3))
        noise = noise * self._cursor // settings.iterations
        done = self._last >= settings.iterations
        frame = Frame(
            step=self._cursor,
            picture=np.clip(base + noise // 40, 0, 255).astype(np.uint8),
            perturbation=np.clip(128 + noise, 0, 255).astype(np.uint8),
            factor=0.5 / settings.epsilon if settings.epsilon else 1.0,
            predictions=self._predictions(self._share(self._cursor)),
            trace=tuple(trace),
            target=target,
            original=self._label(self._original),
            success_step=success,
            playing=self._playing,
            finished=f"all {self._last} steps done" if done else "",
            settings=settings,
            clean=self._predictions(0.0),
        )
        self.emit(ev.Stepped(self._run, frame))

    def _need(self) -> None:
        if not self._run:
            raise UserError("there is no attack yet: start one first.")

    def _play(self, command: ev.Play) -> None:
        self._need()
        self._playing = self._last < self._settings.iterations
        self._cursor = self._last
        self._show()
        self._go()

    def _pause(self, command: ev.Pause) -> None:
        self._need()
        self._playing = False
        self._show()

    def _seek(self, command: ev.Seek) -> None:
        self._need()
        self._playing = False
        self._cursor = max(0, min(command.step, self._last))
        self._show()

    def _stepby(self, command: ev.StepBy) -> None:
        self._need()
        self._playing = False
        if self._cursor + command.n <= self._last:
            self._cursor = max(0, self._cursor + command.n)
            self._show()
        else:
            self.advance(command.n)

    def _save(self, command: ev.Save) -> None:
        seen = self._predictions(self._share(self._cursor))[0]
        self.emit(ev.Saved("out/x.npy", "out/x.png", True, seen))

    # --- evidence -------------------------------------------------------------------------------

    def _explain(self, command: ev.Explain) -> None:
        if not self._path:
            raise UserError("no picture is open: there is nothing to explain.")
        if command.settings.layer == "features.9":
            raise UserError("layer features.9 does not exist: did you mean features.7?")
        for part in (0.25, 1.0):
            samples = max(1, int(command.settings.samples * part))
            self.emit(
                ev.Explained(
                    command.run_id, self._evidence(command.queries, command.settings, samples)
                )
            )

    def _evidence(
        self, queries: tuple[Query, ...], settings: ExplainSettings, samples: int
    ) -> Evidence:
        edges = np.linspace(-0.004, 0.004, 41)
        found = tuple(self._attribution(query, samples, edges) for query in queries)
        clean = [a for a in found if a.query.side == "clean"]
        other = [a for a in found if a.query.side == "adversarial"]
        contrasts = tuple(
            {
                key: (b.statistics[key] - a.statistics[key], 1.2 * a.errors[key])
                for key in STATISTICS
            }
            for a, b in zip(clean, other, strict=False)
        )
        done = samples >= settings.samples
        return Evidence(
            attributions=found,
            edges=edges,
            contrasts=contrasts,
            samples=samples,
            total=settings.samples,
            seconds=2.0 * samples / settings.samples,
            seconds_left=0.0 if done else 1.5,
            done=done,
            step=max(0, self._cursor) if self._run else 0,
            settings=settings,
        )

    def _attribution(self, query: Query, samples: int, edges: np.ndarray) -> Attribution:
        y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
        strength = 1.0 if query.side == "clean" else 1.0 - 0.4 * self._share(self._cursor)
        phase = query.class_index
        heat = np.exp(-((x - 0.5) ** 2 + (y - 0.4) ** 2) / 0.04) - 0.6 * np.exp(
            -((x - 0.2 - 0.05 * phase) ** 2 + (y - 0.8) ** 2) / 0.02
        )
        heat = 0.003 * strength * heat
        sizes = np.abs(heat)
        low, q1, median, q3, high = (
            float(q) for q in np.quantile(heat, (0.05, 0.25, 0.5, 0.75, 0.95))
        )
        values = (
            *(heat.mean(), sizes.mean(), heat[heat > 0].sum(), heat[heat < 0].sum(), heat.max()),
            *(low, q1, median, q3, high, q3 - q1, heat.sum() / sizes.sum()),
        )
        statistics = {key: float(v) for key, v in zip(STATISTICS, values, strict=True)}
        relative = 0.5 / np.sqrt(samples)
        return Attribution(
            query=query,
            name=self.labels[query.class_index],
            heat=heat,
            heat_error=sizes * relative,
            statistics=statistics,
            errors={key: abs(v) * relative for key, v in statistics.items()},
            histogram=np.histogram(heat, edges)[0].astype(float),
            score_value=self._score(query),
            expected=0.01,
            gap=0.002,
        )

    def _score(self, query: Query) -> float:
        share = self._share(self._cursor) if query.side == "adversarial" else 0.0
        seen = {p.index: p.probability for p in self._predictions(share)}
        return seen.get(query.class_index, 0.0001)

    def _traceevidence(self, command: ev.TraceEvidence) -> None:
        self._trace = command if command.every else None
        if self._run:
            self._points()

    def _points(self) -> None:
        if self._trace is None:
            return
        indices = [label.index for label in (self._target, self._label(self._original)) if label]
        points = tuple(
            EvidencePoint(step, index, 0.002 * (1 + k - 0.5 * self._share(step)), 0.0001)
            for step in range(0, self._last + 1, self._trace.every)
            for k, index in enumerate(indices)
        )
        self.emit(ev.EvidenceTraced(self._run, "mean_abs", points))
