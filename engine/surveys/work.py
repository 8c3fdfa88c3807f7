"""The work on a group of pictures: attacks, controls, attributions. Keeps nothing, writes nothing.

A group is worked on as a whole and always has the same pictures, since the last digits of a
convolution depend on what else is in the batch: whoever does the work, and however often it was
interrupted, the numbers are the same on the same kind of device.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from engine.pictures.reading import read
from engine.surveys.attacking import attack_all
from engine.surveys.context import WorkContext
from engine.surveys.experiment import Item
from engine.surveys.explaining import explain_all
from engine.surveys.records import PictureRecord, State
from engine.types import NotFinite, UserError


def work(context: WorkContext, group: Sequence[Item]) -> Generator[None, None, list[PictureRecord]]:
    """Records of a group's pictures; yields between chunks, so that it can wait or be given up.

    If the group fails as a whole, its pictures are worked on one by one, so that only those fail
    that must.
    """
    try:
        return (yield from _work(context, group))
    except (UserError, RuntimeError, MemoryError, OSError, ValueError) as error:
        if len(group) == 1:
            return [failed(group[0], error)]
    records = []
    for item in group:
        records += yield from work(context, [item])
    return records


def failed(item: Item, error: Exception) -> PictureRecord:
    """The record of a picture that could not be worked on."""
    kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
    first = (str(error).splitlines() or [""])[0]
    return PictureRecord(item.index, item.name, "failed", f"{kind}{first}")


def _work(
    context: WorkContext, group: Sequence[Item]
) -> Generator[None, None, list[PictureRecord]]:
    classifier = context.classifier
    records: dict[int, PictureRecord] = {}
    pixels = []
    for item in group:
        try:
            pixels.append(torch.from_numpy(read(context.path(item), classifier.preprocessing)))
        except UserError as error:
            records[item.index] = failed(item, error)
    readable = [item for item in group if item.index not in records]
    if readable:
        x0 = torch.stack(pixels).to(classifier.device)
        with torch.no_grad():
            logits = classifier(x0)
        yield
        if not bool(torch.isfinite(logits).all()):
            raise NotFinite("the network gives values that are not finite.")
        right = []
        for k, item in enumerate(readable):
            top = int(logits[k].argmax())
            if item.labels is None or top in item.labels:
                right.append(k)
            else:
                records[item.index] = _record(item, "wrong", logits[k])
        items = [readable[k] for k in right]
        outcomes = yield from attack_all(context, items, x0[right], logits[right])
        for k, item in enumerate(items):
            own = x0[right[k]], logits[right[k]], outcomes[k]
            clean, arms = yield from explain_all(context, item, *own)
            record = _record(item, "done", logits[right[k]])
            records[item.index] = replace(record, clean=clean, arms=arms)
    return [records[item.index] for item in group]


def _record(item: Item, state: State, logits: Tensor) -> PictureRecord:
    top = int(logits.argmax())
    return PictureRecord(
        item.index,
        item.name,
        state,
        labels=item.labels or (top,),
        prediction=top,
        confidence=float(logits.softmax(0)[top]),
    )
