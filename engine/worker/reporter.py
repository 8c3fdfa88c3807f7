"""What the status line is told, and failures in one sentence."""

from __future__ import annotations

import logging
import math
import os
import sys
import time
from collections.abc import Callable

from engine.types import UserError
from engine.worker import protocol as ev

log = logging.getLogger(__name__)

BEAT = 0.5
"""Seconds between two `Status` events while something runs."""


class Reporter:
    """Tells events through `emit`, and what is being done when it changes and now and then."""

    def __init__(self, emit: Callable[[ev.Event], None]) -> None:
        self.emit = emit
        self.device = ""
        self._doing = ""
        self._told = 0.0
        self._rate = math.nan

    def beat(self, doing: str) -> None:
        """Say what is being done, unless that was said a moment ago."""
        if doing != self._doing or time.monotonic() - self._told > BEAT:
            self.say(doing)

    def rest(self, waiting: str) -> None:
        """Say, once, that nothing is being done, or what is waited for."""
        if waiting != self._doing:
            self.say(waiting)

    def say(self, doing: str) -> None:
        """Tell the status line."""
        self._doing, self._told = doing, time.monotonic()
        self.emit(ev.Status(doing, self.device, memory_in_use(self.device), self._rate))

    def iterated(self, seconds: float) -> None:
        """Take the time of an attack's iteration into the running rate."""
        rate = 1.0 / max(seconds, 1e-9)
        self._rate = rate if math.isnan(self._rate) else 0.8 * self._rate + 0.2 * rate

    def forget_rate(self) -> None:
        """Begin the rate anew."""
        self._rate = math.nan


def failure(command: type[ev.Command], error: Exception, run_id: int = 0) -> ev.Failed:
    """A failure in one sentence; what is unexpected goes to the log as well."""
    name = command.__name__
    if isinstance(error, UserError):
        message = str(error)
    elif "out of memory" in str(error).lower() or isinstance(error, MemoryError):
        log.error("%s ran out of memory", name, exc_info=error)
        message = f"out of memory in {name}: close other programs or use a smaller network."
    else:
        log.error("%s failed", name, exc_info=error)
        message = f"{name} failed: {type(error).__name__}: {error} (details are in the log)."
    return ev.Failed(command, message, run_id)


def memory_in_use(device: str) -> int:
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
