"""The one thread that owns the model and the device, and the scout that lists pictures.

Commands go in through a queue, events come out through `emit`; the caller never waits. Between
two chunks of long work (an iteration, a backward pass) the thread looks at its queue, so that
pause, step, seek and cancel act within one. torch is imported inside the thread, so that the
screen can be painted first.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator

from engine.models import allocator
from engine.types import UserError
from engine.worker import protocol as ev
from engine.worker.tasks import Tasks

BATCH = 256
"""Paths in one `Found` event."""
IDLE = 10.0
"""Seconds without work after which memory that nothing uses goes back to the system."""

JOBS: dict[str, str] = {
    "load": "LoadModel",
    "attack": "StartAttack",
    "explain": "Explain",
    "trace": "TraceEvidence",
    "glance": "Glance",
    "survey": "Survey",
}
"""Kinds of long work, most urgent first, and the command that a failure is reported under."""


class Worker:
    """Owns the device; see the module's docstring.

    Args:
        emit: Called with every event, on the worker's threads; must not block.
        threads: torch's threads on a CPU; None takes one a core.
    """

    def __init__(self, emit: Callable[[ev.Event], None], threads: int | None = None) -> None:
        self._emit = emit
        self._threads = threads
        self._queue: queue.SimpleQueue[ev.Command] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="device", daemon=True)
        self._ending = threading.Event()
        self._tasks = Tasks(emit)
        self._jobs: dict[str, Iterator[None]] = {}
        self._after_load: list[ev.Command] = []
        self._explain_run = 0
        self._survey_run = 0
        self._wish: ev.TraceEvidence | None = None
        self._spent = {"attack": 0.0, "trace": 0.0}

    # --- for the screen's side ----------------------------------------------------------------

    def start(self) -> None:
        """Start the thread."""
        allocator.keep()
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
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    # --- the scout ----------------------------------------------------------------------------

    def _find(self, command: ev.FindPictures) -> None:
        from engine.pictures.finding import find_pictures

        batch: list[str] = []
        found = self._tasks.browsed
        found.clear()
        paths = command.paths
        if not paths:
            from engine.builtin import sample_folder

            paths = (str(sample_folder()),)
        for path in paths:
            try:
                for name in find_pictures(path):
                    if self._ending.is_set():
                        return
                    batch.append(name)
                    if len(batch) >= BATCH:
                        found += batch
                        self._emit(ev.Found(tuple(batch), done=False))
                        batch = []
            except UserError as error:
                self._emit(ev.Failed("FindPictures", str(error)))
        found += batch
        self._emit(ev.Found(tuple(batch), done=True))

    # --- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        if sys.platform == "linux":
            # Let the screen's thread go first when both want a core: nice is per thread here.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)
        # Waiting threads must not spin: they would take the core that the screen, or another
        # program, needs. Read once, when torch loads OpenMP.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        self._tasks.say("importing torch")
        try:
            import torch

            torch.set_num_threads(self._threads or os.cpu_count() or 1)
            while not self._ending.is_set():
                self._drain()
                self._chunk()
        except Exception as error:  # only the import can fail here
            self._tasks.fail("start", error, 0)
        finally:
            self._drop(*self._jobs)
            self._emit(ev.Stopped())

    def _drain(self) -> None:
        """Handle all queued commands; wait for one if there is no other work."""
        while not self._ending.is_set():
            busy = bool(self._next_job())
            if not busy:
                self._tasks.rest()
            try:
                command = self._queue.get(block=not busy, timeout=IDLE)
            except queue.Empty:
                if busy:
                    return
                allocator.give_back()
                command = self._queue.get()
            self._try(command)

    def _try(self, command: ev.Command) -> None:
        try:
            self._handle(command)
        except Exception as error:
            self._tasks.fail(type(command).__name__, error, getattr(command, "run_id", 0))

    def _handle(self, command: ev.Command) -> None:
        tasks = self._tasks
        match command:
            case ev.Shutdown():
                self._ending.set()
            case ev.LoadModel():
                self._cancel()
                self._jobs["load"] = tasks.load(command)
            case ev.Cancel():
                self._cancel()
                tasks.show()
                tasks.say("")
            case ev.Glance(paths):
                tasks.glances.clear()
                tasks.glances.extend(paths)
            case ev.ListModels():
                tasks.list_models()
            case _ if "load" in self._jobs:
                self._after_load.append(command)  # what follows is meant for the new network
            case ev.Open():
                self._drop("explain", "trace")
                tasks.open(command)
            case ev.StartAttack():
                self._drop("explain", "trace")
                self._spent = {"attack": 0.0, "trace": 0.0}
                tasks.start(command)
                self._plan_trace()
            case ev.Explain():
                self._drop("explain")
                self._explain_run = command.run_id
                self._jobs["explain"] = tasks.explain(command)
            case ev.TraceEvidence():
                self._drop("trace")
                self._wish = command if command.every else None
                tasks.forget_trace()
                self._plan_trace()
            case ev.Survey():
                self._drop("survey")
                tasks.surveying = None
                self._survey_run = command.run_id
                self._jobs["survey"] = tasks.survey(command)
            case ev.SteerSurvey(wish):
                if tasks.surveying is not None and "survey" in self._jobs:
                    tasks.surveying.steer(wish)
            case ev.CompareSurveys(folders):
                from engine.survey.compare import compare

                self._emit(ev.SurveysCompared(compare(folders)))
            case ev.Save(folder):
                tasks.save(folder)
            case ev.Play() | ev.Pause() | ev.StepBy() | ev.Seek():
                tasks.move(command)
                self._plan_trace()
            case _:
                raise UserError(f"unknown command {command!r}.")

    def _drop(self, *names: str) -> None:
        for name in names:
            job = self._jobs.pop(name, None)
            if job is not None:
                job.close()  # type: ignore[attr-defined]  # all are generators

    def _cancel(self) -> None:
        self._drop(*(name for name in self._jobs if name != "survey"))
        self._after_load.clear()
        self._tasks.glances.clear()
        self._tasks.playing = False

    def _plan_trace(self) -> None:
        if self._wish is not None:
            self._jobs.setdefault("trace", self._tasks.trace_evidence(self._wish))

    def _chunk(self) -> None:
        """One chunk of the most urgent work."""
        name = self._next_job()
        if not name or self._ending.is_set():
            return
        tasks, began = self._tasks, time.perf_counter()
        try:
            if name == "attack":
                tasks.attack()
                self._plan_trace()
            elif name == "glance":
                tasks.glance()
            else:
                next(self._jobs[name])
        except StopIteration:
            self._jobs.pop(name, None)
        except Exception as error:
            self._jobs.pop(name, None)
            if name == "attack":
                tasks.playing = False
            if name == "glance":
                tasks.glances.clear()
            runs = {"explain": self._explain_run, "survey": self._survey_run}
            run_id = runs.get(name, tasks.run_id)
            tasks.fail(JOBS[name], error, run_id)
        if name in self._spent:
            self._spent[name] += time.perf_counter() - began
        if name == "load" and "load" not in self._jobs:
            waiting, self._after_load = self._after_load, []
            for command in waiting if tasks.classifier else ():
                self._try(command)

    def _next_job(self) -> str:
        """The work that goes on next; while an attack plays, the trace gets its share of time."""
        tasks = self._tasks
        if "load" in self._jobs:
            return "load"
        if tasks.playing:
            spent, share = self._spent, self._wish.share if self._wish else 0.0
            behind = spent["trace"] < share * (spent["attack"] + spent["trace"])
            return "trace" if "trace" in self._jobs and behind else "attack"
        if "survey" in self._jobs and not tasks.survey_begun:
            return "survey"  # so that it is seen to be there, and can be stopped
        for name in ("explain", "trace"):
            if name in self._jobs:
                return name
        if tasks.glances and tasks.classifier:
            return "glance"
        held = tasks.surveying is not None and tasks.surveying.paused
        return "survey" if "survey" in self._jobs and not held else ""
