"""The one thread that owns the device; commands in, events out. Imports no torch."""

from engine.worker.worker import Worker

__all__ = ["Worker"]
