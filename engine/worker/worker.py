"""The one thread that owns the network and the device: commands in, events out.

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
from collections.abc import Callable

from engine.models import allocator
from engine.worker import protocol as ev
from engine.worker.commands import CommandHandler
from engine.worker.picture_finder import Listing, PictureFinder
from engine.worker.reporter import Reporter, failure

IDLE = 10.0
"""Seconds without work after which memory that nothing uses goes back to the system."""


class Worker:
    """Owns the device; see the module's docstring.

    Args:
        emit: called with every event, on the worker's threads; must not block.
        threads: torch's threads on a CPU; None takes one a core.
    """

    def __init__(self, emit: Callable[[ev.Event], None], threads: int | None = None) -> None:
        self._emit = emit
        self._threads = threads
        self._queue: queue.SimpleQueue[ev.Command | Listing | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="device", daemon=True)
        self._ending = threading.Event()
        self._finder = PictureFinder(emit, lambda: self._queue.put(None), self._ending)
        self._reporter = Reporter(emit)
        self._handler = CommandHandler(self._reporter)

    # --- for the screen's side ----------------------------------------------------------------

    def start(self) -> None:
        """Start the thread."""
        allocator.keep()
        self._thread.start()

    def send(self, command: ev.Command) -> None:
        """Queue a command; returns at once."""
        if isinstance(command, ev.FindPictures):
            # In the queue as well: what was asked for before keeps the list that it had.
            self._queue.put(self._finder.start(command))
        else:
            self._queue.put(command)

    def stop(self, timeout: float = 1.0) -> bool:
        """Ask the thread to end; True if it did within `timeout` seconds."""
        self._ending.set()
        self._queue.put(ev.Shutdown())
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    # --- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        if sys.platform == "linux":
            # Let the screen's thread go first when both want a core: nice is per thread here.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)
        # Waiting threads must not spin: they would take the core that the screen, or another
        # program, needs. Read once, when torch loads OpenMP.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        self._reporter.say("importing torch")
        try:
            import torch

            from engine.models.device import exact_arithmetic

            exact_arithmetic()
            torch.set_num_threads(self._threads or os.cpu_count() or 1)
            while not self._ending.is_set():
                self._take_commands()
                if not self._ending.is_set():
                    self._handler.do_chunk()
        except Exception as error:  # only the import can fail here
            self._emit(failure(ev.LoadModel, error))
        finally:
            self._handler.close()
            self._emit(ev.Stopped())

    def _take_commands(self) -> None:
        """Handle all queued commands; wait for one if there is no other work."""
        while not self._ending.is_set():
            busy = self._handler.busy
            if not busy:
                self._reporter.rest(self._handler.waiting)
            try:
                item = self._queue.get(block=not busy, timeout=IDLE)
            except queue.Empty:
                if busy:
                    return
                allocator.give_back()
                item = self._queue.get()
            match item:
                case ev.Shutdown():
                    self._ending.set()
                case Listing():
                    self._handler.listing = item
                case ev.Command():
                    self._handler.take(item)
                case None:
                    pass  # a listing has ended: what waited for it can go on
