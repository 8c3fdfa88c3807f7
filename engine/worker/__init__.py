"""The one thread that owns the device; commands in, events out."""

from engine.worker.scheduler import Worker

__all__ = ["Worker"]
