"""Which command an event of failure belongs to."""

from __future__ import annotations

from engine.worker.protocol import Command, Failed


def is_failure_of(event: Failed, *commands: type[Command]) -> bool:
    """Whether a command of one of these types has failed."""
    return event.command in commands
