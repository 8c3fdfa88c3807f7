"""The one thread that owns the model and the device, and the scout that lists pictures.

Commands go in through a queue, events come out through `emit`; the caller never waits. Long work
is a generator: between two chunks the thread looks at its queue, so that pause, step, seek and
cancel act within one chunk. torch is imported inside the thread, so that the screen can be
painted first.
"""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from engine import events as ev
from engine.types import EvidencePoint, Prediction, Query, UserError

if TYPE_CHECKING:
    from engine.models import Classifier
    from engine.session import Session

log = logging.getLogger(__name__)

BATCH = 256
"""Paths in one `Found` event."""
GLANCES = 8
"""Pictures classified in one chunk for the list."""
BEAT = 0.5
"""Seconds between two `Status` events while something runs."""
TRACED = "mean_abs"
"""The statistic on the evidence's time axis."""


class Worker:
    """Owns the device; see the module's docstring.

    Args:
        emit: Called with every event, on the worker's threads; must not block.
        threads: torch's threads on a CPU; None leaves one core to the screen.
    """

    def __init__(self, emit: Callable[[ev.Event], None], threads: int | None = None) -> None:
        self._emit = emit
        self._threads = threads
        self._queue: queue.SimpleQueue[ev.Command] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="device", daemon=True)
        self._ending = threading.Event()
        self._paths: list[str] = []
        self._jobs: dict[str, Iterator[None]] = {}
        self._classifier: Classifier | None = None
        self._session: Session | None = None
        self._run_id = 0
        self._playing = False
        self._glances: deque[str] = deque()
        self._seen: dict[str, Prediction] = {}
        self._trace: ev.TraceEvidence | None = None
        self._traced: dict[tuple[int, int], EvidencePoint] = {}
        self._spent = {"attack": 0.0, "trace": 0.0}
        self._rate = float("nan")
        self._doing = ""
        self._told = 0.0

    # --- for the screen's side ----------------------------------------------------------------

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def send(self, command: ev.Command) -> None:
        """Queue a command; returns at once."""
        if isinstance(command, ev.FindPictures):
            # Listing touches no device and must not wait for torch.
            threading.Thread(target=self._find, args=(command,), name="scout", daemon=True).start()
        else:
            self._queue.put(command)

    def stop(self, timeout: float = 1.0) -> bool:
        """Ask the thread to end; True if it did within `timeout` seconds."""
        self._ending.set()
        self._queue.put(ev.Shutdown())
        if self._thread.ident is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # --- the scout ----------------------------------------------------------------------------

    def _find(self, command: ev.FindPictures) -> None:
        from engine.pictures import find_pictures

        batch: list[str] = []
        self._paths.clear()
        for path in command.paths:
            try:
                for found in find_pictures(path):
                    if self._ending.is_set():
                        return
                    batch.append(found)
                    if len(batch) >= BATCH:
                        self._paths += batch
                        self._emit(ev.Found(tuple(batch), done=False))
                        batch = []
            except UserError as error:
                self._emit(ev.Failed("FindPictures", str(error)))
        self._paths += batch
        self._emit(ev.Found(tuple(batch), done=True))

    # --- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        _be_modest()
        self._say("importing torch")
        try:
            import torch

            torch.set_num_threads(self._threads or max(1, (os.cpu_count() or 2) - 1))
            while not self._ending.is_set():
                self._drain()
                if not self._ending.is_set():
                    self._chunk()
        except Exception as error:  # only an import can fail here
            self._fail("start", error, 0)
        finally:
            self._emit(ev.Stopped())

    def _drain(self) -> None:
        """Handle all queued commands; wait for one if there is no other work."""
        while True:
            try:
                command = self._queue.get(block=not self._busy())
            except queue.Empty:
                return
            if isinstance(command, ev.Shutdown):
                self._ending.set()
                return
            try:
                self._handle(command)
            except Exception as error:
                self._fail(type(command).__name__, error, getattr(command, "run_id", 0))

    def _busy(self) -> bool:
        work = bool(self._jobs) or self._playing or bool(self._glances and self._classifier)
        if not work and self._doing:
            self._say("")
        return work

    def _handle(self, command: ev.Command) -> None:
        session = self._session
        match command:
            case ev.LoadModel():
                self._jobs = {"load": self._load(command)}
                self._playing = False
            case ev.Glance(paths):
                self._glances = deque(paths)
            case ev.Open():
                if "load" in self._jobs:  # comes right after the model that it waits for
                    self._jobs["load"] = _then(self._jobs["load"], lambda: self._open(command))
                else:
                    self._open(command)
            case ev.Explain():
                if session is None:
                    raise UserError("no picture is open: there is nothing to explain.")
                self._jobs["explain"] = self._explain(session, command)
            case ev.TraceEvidence():
                self._trace = command if command.every else None
                self._traced.clear()
                self._jobs.pop("trace", None)
                self._plan_trace()
            case ev.Cancel():
                self._cancel()
            case ev.StartAttack():
                if "load" in self._jobs:
                    self._jobs["load"] = _then(self._jobs["load"], lambda: self._start(command))
                else:
                    self._start(command)
            case ev.Save(folder):
                if session is None or session.settings is None:
                    raise UserError("there is no attack to save: start one first.")
                self._emit(session.save(folder))
            case ev.Play() | ev.Pause() | ev.StepBy() | ev.Seek():
                self._move(command)
            case _:
                raise UserError(f"unknown command {command!r}.")

    def _move(self, command: ev.Play | ev.Pause | ev.StepBy | ev.Seek) -> None:
        session = self._session
        if session is None or session.settings is None:
            raise UserError("there is no attack yet: start one first.")
        if isinstance(command, ev.Play):
            self._playing = not session.finished
            session.seek(len(session.trace) - 1)
        else:
            self._playing = False
            if isinstance(command, ev.Seek):
                session.seek(command.step)
            elif isinstance(command, ev.StepBy):
                session.step_by(command.n)
        self._show(session)
        self._plan_trace()

    def _cancel(self) -> None:
        for job in self._jobs.values():
            job.close()  # type: ignore[attr-defined]  # all are generators
        self._jobs.clear()
        self._glances.clear()
        if self._playing and self._session is not None:
            self._playing = False
            self._show(self._session)
        self._emit(ev.Progress("", finished=True))
        self._say("")

    def _chunk(self) -> None:
        """One chunk of the most urgent work: load, attack (sharing with the trace), the rest."""
        began = time.perf_counter()
        name = self._next_job()
        if not name:
            return
        try:
            if name == "attack":
                self._attack()
            elif name == "glance":
                self._glance()
            else:
                next(self._jobs[name])
        except StopIteration:
            self._jobs.pop(name, None)
        except Exception as error:
            self._jobs.pop(name, None)
            self._playing = self._playing and name != "attack"
            self._glances = deque() if name == "glance" else self._glances
            self._fail(name, error, self._run_id)
        if name in self._spent:
            self._spent[name] += time.perf_counter() - began

    def _next_job(self) -> str:
        if "load" in self._jobs:
            return "load"
        if self._playing:
            spent, share = self._spent, self._trace.share if self._trace else 0.0
            behind = spent["trace"] < share * (spent["attack"] + spent["trace"])
            return "trace" if "trace" in self._jobs and behind else "attack"
        for name in ("explain", "trace"):
            if name in self._jobs:
                return name
        return "glance" if self._glances and self._classifier else ""

    # --- jobs ---------------------------------------------------------------------------------

    def _load(self, command: ev.LoadModel) -> Iterator[None]:
        self._say(f"loading {command.settings.name}")
        yield
        from engine import models

        self._session = self._classifier = None
        self._seen.clear()
        task = f"loading {command.settings.name}"
        began, first = time.monotonic(), -1
        steps = models.load(command.settings)
        try:
            while True:
                at = next(steps)
                if at.total and first < 0:
                    began, first = time.monotonic(), at.done
                elapsed = time.monotonic() - began
                rate = (at.done - first) / elapsed if at.total and elapsed > 0.2 else float("nan")
                left = (at.total - at.done) / rate if rate > 0 else float("nan")
                unit = "B" if at.total else ""
                task = at.what
                self._emit(ev.Progress(task, at.done, at.total, unit, rate, left))
                self._beat(at.what)
                yield
        except StopIteration as end:
            self._classifier = end.value
        finally:
            self._emit(ev.Progress(task, finished=True))
        assert self._classifier is not None
        self._emit(ev.Loaded(self._classifier.info()))
        self._say("")

    def _open(self, command: ev.Open) -> None:
        from engine.session import Session

        if self._classifier is None:
            raise UserError("no network is loaded: choose one first.")
        self._jobs.pop("explain", None)
        self._jobs.pop("trace", None)
        self._playing = False
        session = Session(self._classifier, command.path, self._paths)
        self._session, self._run_id = session, command.run_id
        self._traced.clear()
        opened = session.opened(command.run_id)
        self._emit(opened)
        self._tell(command.path, opened.predictions[0])

    def _start(self, command: ev.StartAttack) -> None:
        if self._session is None:
            raise UserError("no picture is open: open one first.")
        self._jobs.pop("explain", None)
        self._jobs.pop("trace", None)
        self._traced.clear()
        self._playing = False
        self._run_id = command.run_id
        self._session.start(command.settings)
        self._spent = {"attack": 0.0, "trace": 0.0}
        self._rate = float("nan")
        self._playing = command.play
        self._show(self._session)
        self._plan_trace()

    def _attack(self) -> None:
        session = self._session
        assert session is not None
        began = time.perf_counter()
        moved = session.advance()
        seconds = time.perf_counter() - began
        if moved:
            rate = 1.0 / max(seconds, 1e-9)
            self._rate = rate if self._rate != self._rate else 0.8 * self._rate + 0.2 * rate
        self._playing = moved and not session.finished
        self._show(session)
        self._plan_trace()
        self._beat("attacking")

    def _explain(self, session: Session, command: ev.Explain) -> Iterator[None]:
        task = f"explaining with {command.settings.explainer}"
        self._say(task)
        yield
        try:
            for found in session.explain(command.queries, command.settings):
                self._emit(ev.Explained(command.run_id, found))
                rate = found.samples / found.seconds if found.seconds > 0 else float("nan")
                self._emit(
                    ev.Progress(
                        task, found.samples, found.total, "samples", rate, found.seconds_left
                    )
                )
                self._beat(task)
                yield
        finally:
            self._emit(ev.Progress(task, finished=True))

    def _plan_trace(self) -> None:
        session = self._session
        if self._trace is not None and session is not None and session.trace:
            self._jobs.setdefault("trace", self._traces(session, self._trace))

    def _traces(self, session: Session, wish: ev.TraceEvidence) -> Iterator[None]:
        """Explain the iterations that are due, in order, for target and original class."""
        labels = [label for label in (session.target, session.original) if label is not None]
        queries = tuple(Query("adversarial", label.index) for label in labels)
        for step in range(len(session.trace)):
            last = step == len(session.trace) - 1 and session.finished
            if (step % wish.every and not last) or (step, labels[0].index) in self._traced:
                continue
            for found in session.explain(queries, wish.settings, step):
                self._beat(f"evidence at step {step}")
                yield
            for one in found.attributions:
                index = one.query.class_index
                self._traced[step, index] = EvidencePoint(
                    step, index, one.statistics[TRACED], one.errors[TRACED]
                )
            points = tuple(self._traced[key] for key in sorted(self._traced))
            self._emit(ev.EvidenceTraced(self._run_id, TRACED, points))

    def _glance(self) -> None:
        """Classify the next pictures of the list, each on its own failing alone."""
        import torch

        from engine.pictures import read

        classifier = self._classifier
        assert classifier is not None
        paths, pictures = [], []
        while self._glances and len(paths) < GLANCES:
            path = self._glances.popleft()
            if path in self._seen:
                self._tell(path, self._seen[path])
                continue
            try:
                pictures.append(torch.from_numpy(read(path, classifier.preprocessing)))
                paths.append(path)
            except UserError as error:
                self._emit(ev.Glanced(path, None, str(error)))
        if paths:
            with torch.no_grad():
                logits = classifier(torch.stack(pictures).to(classifier.device))
            top = logits.softmax(1).max(1)
            for path, index, value in zip(paths, top.indices, top.values, strict=True):
                label = classifier.labels[int(index)]
                self._tell(path, Prediction(int(index), label, float(value)))
        self._beat("predicting the pictures in the list")

    # --- telling ------------------------------------------------------------------------------

    def _show(self, session: Session) -> None:
        self._emit(ev.Stepped(self._run_id, session.frame(self._playing)))

    def _tell(self, path: str, prediction: Prediction) -> None:
        self._seen[path] = prediction
        self._emit(ev.Glanced(path, prediction))

    def _beat(self, doing: str) -> None:
        if doing != self._doing or time.monotonic() - self._told > BEAT:
            self._say(doing)

    def _say(self, doing: str) -> None:
        self._doing, self._told = doing, time.monotonic()
        device = str(self._classifier.device) if self._classifier else ""
        self._emit(ev.Status(doing, device, _memory(device), self._rate))

    def _fail(self, task: str, error: Exception, run_id: int) -> None:
        if isinstance(error, UserError):
            message = str(error)
        elif "out of memory" in str(error).lower() or isinstance(error, MemoryError):
            log.exception("%s ran out of memory", task)
            message = f"out of memory during {task}: close other programs or use a smaller network."
        else:
            log.exception("%s failed", task)
            message = f"{task} failed: {type(error).__name__}: {error} (details are in the log)."
        self._emit(ev.Failed(task, message, run_id))


def _then(first: Iterator[None], action: Callable[[], None]) -> Iterator[None]:
    """Run `action` after a job has ended well."""
    yield from first
    action()


def _be_modest() -> None:
    """Let the screen's thread go first when both want a core (Linux: nice is per thread)."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)


def _memory(device: str) -> int:
    """Bytes in use on the device, or by this process where the device is the CPU."""
    if device.startswith("cuda"):
        import torch

        return torch.cuda.memory_allocated(device)
    if sys.platform == "linux":
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
