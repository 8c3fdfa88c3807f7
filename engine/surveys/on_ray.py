"""The survey's work as tasks on a Ray cluster.

Ray schedules, and repeats the tasks of a node that is lost. The nodes need this package, the
pictures and the weights under the same paths, as on a shared drive.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Generator, Sequence
from importlib.util import find_spec
from typing import Any

from engine.surveys.context import WorkContext
from engine.surveys.processes import POLL, Group, Task, do
from engine.surveys.records import PictureRecord
from engine.types import UserError

AHEAD = 2
"""Tasks handed to Ray for each that can run at once, so that none waits for this process."""
KNOCK = 5.0
"""Seconds to wait for an answer from a cluster's address."""
RETRIES = 10
"""Times that Ray repeats a task whose worker or node was lost."""

_contexts: dict[tuple[str, str], WorkContext] = {}


def _context(task: Task, device: str) -> WorkContext:
    """The context of the process that runs the task: Ray keeps processes, so it is made once."""
    key = (repr(task), device)
    if key not in _contexts:
        _contexts.clear()
        _contexts[key] = task.context(device)
    return _contexts[key]


def _work(task: Task, device: str, group: Group) -> list[PictureRecord]:
    return do(_context(task, device), group)


def on_ray(
    task: Task,
    kind: str,
    address: str,
    groups: Sequence[Group],
    stopping: Callable[[], bool],
) -> Generator[list[PictureRecord] | None, None, None]:
    """Records of the groups as they get done on devices of a kind, on the cluster at `address`
    (empty: one of this machine's own); None while there are none.

    Raises:
        UserError: no cluster at the address, or a task that failed for good.
    """
    import ray

    gpu = kind == "cuda"
    ours = not ray.is_initialized()
    if ours:
        _connect(ray, address)
    try:
        # Shared by all tasks: sent to each node once.
        shared = ray.put(task)
        needs = {"num_gpus": 1} if gpu else {"num_cpus": task.threads}
        remote: Any = ray.remote(_work).options(max_retries=RETRIES, **needs)
        left: deque[Group] = deque(groups)
        running: dict[Any, Group] = {}
        device = "cuda" if gpu else "cpu"
        while running or (left and not stopping()):
            slots = _slots(ray, needs)
            while left and len(running) < AHEAD * slots and not stopping():
                group = left.popleft()
                running[remote.remote(shared, device, group)] = group
            done, _ = ray.wait(list(running), num_returns=1, timeout=POLL)
            for reference in done:
                running.pop(reference)
                try:
                    yield ray.get(reference)
                except ray.exceptions.RayError as error:
                    cause = (str(error).strip().splitlines() or [""])[-1]
                    raise UserError(
                        f"a task on the Ray cluster failed: {cause} All finished pictures are on"
                        " disk."
                    ) from error
            if not done:
                yield None
    finally:
        if ours:
            ray.shutdown()


def check_ray() -> None:
    """Refuse to begin without Ray.

    Raises:
        UserError: it is not installed.
    """
    if find_spec("ray") is None:
        raise UserError("--ray needs Ray, which is not installed: pip install 'xaway-tui[ray]'.")


def _connect(ray: Any, address: str) -> None:
    try:
        _knock(address)
        ray.init(
            address=address or None,
            log_to_driver=False,
            include_dashboard=False if not address else None,
            logging_level="ERROR",
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(
            f"there is no Ray cluster at {address or 'this machine'}: {error}; start one with"
            " `ray start --head`."
        ) from error


def _knock(address: str) -> None:
    """Look whether anything listens: Ray itself tries for minutes and then ends the process."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), KNOCK).close()


def _slots(ray: Any, needs: dict[str, int]) -> int:
    """Tasks that the cluster can run at once, now; nodes come and go."""
    name, each = ("GPU", 1) if "num_gpus" in needs else ("CPU", needs["num_cpus"])
    return max(1, int(ray.cluster_resources().get(name, 0) // each))
