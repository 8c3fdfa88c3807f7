"""The survey's work shared among processes, one a device.

Each process gets one group of pictures at a time and gives its records back; it writes nothing.
A process that dies costs its group in work, which another one does again.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context

import torch

from engine.models import allocator, catalog
from engine.models.classifier import Classifier
from engine.models.device import pick_device
from engine.surveys.context import WorkContext
from engine.surveys.experiment import Item, Plan
from engine.surveys.records import PictureRecord
from engine.surveys.work import work
from engine.types import BadSetting, Experiment, ModelSettings, UserError
from engine.types.generators import finish

DEATHS = 3
"""Deaths of processes, while no group gets done, after which the survey ends."""
POLL = 0.1

Group = tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """All that another process needs to make its own `WorkContext`; can be pickled."""

    experiment: Experiment
    plan: Plan
    rows: int
    threads: int

    @classmethod
    def of(cls, context: WorkContext, threads: int) -> Task:
        """The task behind a context; the items are sent group by group."""
        plan = replace(context.plan, items=())
        return cls(context.experiment, plan, context.rows, threads)

    def context(self, device: str) -> WorkContext:
        """A context on `device`, for a process that does nothing else."""
        allocator.keep()
        torch.set_num_threads(self.threads)
        classifier = load_now(self.experiment.model, device)
        return WorkContext.make(classifier, self.experiment, self.plan, self.rows)


def load_now(model: ModelSettings, device: str) -> Classifier:
    """The network on `device`, without telling how far it is."""
    loaded: Classifier = finish(catalog.load(replace(model, device=device)))
    return loaded


def do(context: WorkContext, group: Sequence[Item]) -> list[PictureRecord]:
    """The work on a group, without a pause."""
    records: list[PictureRecord] = finish(work(context, group))
    return records


def check_devices(devices: Sequence[str], kind: str) -> None:
    """Refuse devices that cannot share a survey on devices of `kind`.

    Raises:
        UserError: a device that is not here, or one of another kind.
    """
    for device in devices:
        if pick_device(device).type != kind:
            raise BadSetting(
                f"--devices {','.join(devices)} must all be of the survey's kind ({kind}), since"
                " last digits differ between kinds: set --device too."
            )


# --- in the other process ---------------------------------------------------------------------

_contexts: list[WorkContext] = []


def _prepare(task: Task, device: str, parent: int) -> None:
    # A terminal or a scheduler signals every process: the parent decides what to do about it.
    for name in ("SIGINT", "SIGHUP", "SIGTERM"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _contexts.append(task.context(device))


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)  # the parent was killed: nobody waits for the records


def _do(group: Group) -> list[PictureRecord]:
    return do(_contexts[0], group)


# --- in this process --------------------------------------------------------------------------


def on_devices(
    task: Task,
    devices: Sequence[str],
    groups: Sequence[Group],
    stopping: Callable[[], bool],
) -> Generator[list[PictureRecord] | None, None, None]:
    """Records of the groups as they get done by a process on each of `devices`; None while there
    are none.

    Raises:
        UserError: processes that die again and again.
    """

    def start(device: str) -> ProcessPoolExecutor:
        arguments = (task, device, os.getpid())
        context = get_context("spawn")
        return ProcessPoolExecutor(1, context, _prepare, arguments)

    pools = [start(device) for device in devices]
    left, deaths = deque(groups), 0
    running: dict[Future[list[PictureRecord]], tuple[int, Group]] = {}
    try:
        while running or (left and not stopping()):
            busy = {number for number, _ in running.values()}
            for number in range(len(pools)):
                if number not in busy and left and not stopping():
                    try:
                        future = pools[number].submit(_do, left[0])
                    except BrokenProcessPool:  # it died while it had nothing to do
                        pools[number] = start(devices[number])
                        future = pools[number].submit(_do, left[0])
                    running[future] = number, left.popleft()
            done, _ = wait(running, POLL, FIRST_COMPLETED)
            for future in done:
                number, group = running.pop(future)
                try:
                    records = future.result()
                except BrokenProcessPool as error:
                    deaths += 1
                    if deaths >= DEATHS:
                        raise UserError(
                            f"the process on {devices[number]} died {deaths} times:"
                            " it may have run out of memory; use fewer --devices or a smaller"
                            " network. All finished pictures are on disk."
                        ) from error
                    left.appendleft(group)
                    pools[number].shutdown(wait=False)
                    pools[number] = start(devices[number])
                else:
                    deaths = 0
                    yield records
            if not done:
                yield None
    finally:
        for pool in pools:
            _end(pool)


def _end(pool: ProcessPoolExecutor) -> None:
    """End a process at once, even if it works on something that is no longer wanted."""
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()
