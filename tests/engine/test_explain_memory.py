"""Many classes are explained in blocks that memory has room for."""

from __future__ import annotations

import weakref
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from engine.builtin import sample_folder
from engine.explainers import TensorBackground, driver, explain, memory
from engine.explainers.pacing import most_rows
from engine.models import catalog
from engine.pictures.finding import find_pictures
from engine.types import (
    EXPLAINERS,
    ModelSettings,
    Query,
    UserError,
    explain_settings,
)
from engine.types.generators import finish
from engine.worker.open_picture import OpenPicture
from tests.engine import surveying
from tests.engine.explaining import classifier, pictures, run, small, weighted

QUERIES = [(p, c) for p in (0, 1) for c in range(4)]
PICTURE = 3 * 6 * 6
"""Elements of the small network's input."""


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory for no more than the least block."""
    monkeypatch.setattr(memory, "MEMORY", 0)


@pytest.mark.parametrize("explainer", EXPLAINERS)
def test_blocks_give_the_values_of_all_queries_together(explainer, monkeypatch):
    options = {"samples": 12, "draws": 4, "score": "logit", "explainer": explainer}
    shown, background = pictures(1, 2), pictures(2, 3)
    whole = run(small(), shown, QUERIES, background, **options)[-1]
    monkeypatch.setattr(memory, "MEMORY", 0)
    ends = [e for e in run(small(), shown, QUERIES, background, **options) if e.done]
    if explainer == "lime":  # its passes serve any number of classes
        assert len(ends) == 1
    else:
        assert [(e.first, e.left, len(e.values)) for e in ends] == [
            (0, 6, 2),
            (2, 4, 2),
            (4, 2, 2),
            (6, 0, 2),
        ]
    np.testing.assert_allclose(np.concatenate([e.values for e in ends]), whole.values, atol=1e-6)
    np.testing.assert_allclose(np.concatenate([e.gap for e in ends]), whole.gap, atol=1e-5)
    if explainer == "expected":
        both = np.concatenate([e.deviations for e in ends], 1)
        np.testing.assert_allclose(both, whole.deviations, atol=1e-6)


def test_a_block_is_as_large_as_its_maps_allow(monkeypatch):
    network, shown = small(), pictures(1, 2)

    def lengths(**settings) -> list[int]:
        asked = explain_settings(**settings)
        module = EXPLAINERS.row_of(asked).module
        blocks = memory.into_blocks(module, network, shown, QUERIES, asked)
        return [block.stop - block.start for block in blocks]

    assert lengths() == [8]
    each = 4 * PICTURE * EXPLAINERS["expected"].module.maps(explain_settings(), most_rows(shown))
    monkeypatch.setattr(memory, "MEMORY", 5 * each)
    assert lengths() == [4, 4]
    assert lengths(explainer="integrated") == [8]
    # The second convolution's input has 8 channels instead of 3.
    monkeypatch.setattr(memory, "MEMORY", int(5 * each * 8 / 3))
    assert lengths(layer="2") == [4, 4]
    monkeypatch.setattr(memory, "MEMORY", 3 * each)
    assert lengths() == [2, 3, 3]


def test_blocks_agree_within_their_errors_where_draws_depend_on_the_classes(monkeypatch):
    shown, background = pictures(1, 2), pictures(2, 5)
    options = {"samples": 100, "draws": 4, "score": "probability"}
    whole = run(small(), shown, QUERIES, background, **options)[-1]
    monkeypatch.setattr(memory, "MEMORY", 0)
    ends = [e for e in run(small(), shown, QUERIES, background, **options) if e.done]
    z = np.concatenate([e.values for e in ends]) - whole.values
    z /= np.hypot(np.concatenate([e.standard_error for e in ends]), whole.standard_error)
    assert 0.1 < np.sqrt(np.mean(z**2)) < 1.2


def test_malformed_pictures_are_refused_however_many_classes_are_asked_for():
    for count in (1, 8):
        with pytest.raises(UserError, match="must be"):
            run(small(), pictures(1, 2)[0], QUERIES[:count], pictures(2, 3), samples=4)


@pytest.mark.usefixtures("tight")
def test_a_mistake_in_the_last_block_shows_before_the_first():
    with pytest.raises(UserError, match="class 4 does not exist"):
        run(small(), pictures(1, 2), [*QUERIES, (1, 4)], pictures(2, 3), samples=4)


@pytest.mark.usefixtures("tight")
def test_blocks_share_a_time_limit():
    background = pictures(2, 3)
    settings = {"samples": 1_000_000, "seconds": 0.8, "score": "logit"}
    ends = [e for e in run(small(), pictures(1, 2), QUERIES, background, **settings) if e.done]
    assert len(ends) == 4
    assert all(e.reason == "time is up" for e in ends)


@pytest.mark.usefixtures("tight")
def test_the_session_puts_blocks_together_and_goes_on_with_them_after_a_break():
    network = finish(catalog.load(ModelSettings(device="cpu")))
    paths = sorted(find_pictures(sample_folder()))[:6]
    picture = OpenPicture(network, paths[0])
    queries = tuple(Query("clean", index) for index in range(5))
    settings = explain_settings(samples=8, draws=4)
    whole = picture.explain(queries, settings, paths)
    *_, last = filter(None, whole)
    assert last.done
    assert [one.query for one in last.attributions] == list(queries)

    picture = OpenPicture(network, paths[0])
    running = picture.explain(queries, settings, paths)
    half = next(e for e in running if e is not None and len(e.attributions) == 3)
    running.close()  # type: ignore[attr-defined]  # a generator
    again = [e for e in picture.explain(queries, settings, paths) if e is not None]
    assert again[0] is half
    assert all(len(e.attributions) >= 3 for e in again)
    for one, other in zip(again[-1].attributions, last.attributions, strict=True):
        assert one.query == other.query
        assert one.statistics == other.statistics


def test_a_survey_has_the_same_figures_in_blocks(tmp_path: Path, monkeypatch):
    photos = surveying.folder(tmp_path / "photos", each=1)
    tables = []
    for name, room in (("whole", memory.MEMORY), ("blocks", 0)):
        monkeypatch.setattr(memory, "MEMORY", room)
        asked = (explain_settings(samples=8, score="logit"),)
        surveying.survey(surveying.settings(photos, tmp_path / name, explanations=asked))
        tables.append(surveying.rows(tmp_path / name).splitlines())
    assert len(tables[0]) == len(tables[1]) > 4
    for one, other in zip(*tables, strict=True):
        assert close(one, other), f"{one}\n{other}"


def close(one: str, other: str) -> bool:
    """Whether two lines of a table have the same words, and numbers that rounding may move."""
    cells = list(zip(one.split(","), other.split(","), strict=True))
    return all(a == b or np.isclose(number(a), number(b), rtol=1e-3, atol=1e-6) for a, b in cells)


def number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


class Live(TorchDispatchMode):
    """Counts the bytes of tensors that are alive, and their most."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = self.most = 0
        self._alive: dict[int, weakref.finalize] = {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for each in tree_flatten(out)[0]:
            if isinstance(each, Tensor):
                self._count(each.untyped_storage())
        self.most = max(self.most, self.bytes)
        return out

    def _count(self, storage: torch.UntypedStorage) -> None:
        if storage._cdata not in self._alive:
            self.bytes += storage.nbytes()
            self._alive[storage._cdata] = weakref.finalize(
                storage, self._freed, storage._cdata, storage.nbytes()
            )

    def _freed(self, key: int, size: int) -> None:
        del self._alive[key]
        self.bytes -= size


def most_alive(classes: int) -> int:
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(64, 50)
    )
    shown, background = pictures(1, 2, 32), TensorBackground(pictures(2, 3, 32))
    queries = [(p, c) for p in (0, 1) for c in range(classes)]
    settings = explain_settings(samples=16, draws=2, score="logit")
    network = weighted(network, 0, 1.0)
    with Live() as live:
        for _ in explain(classifier(network, 50, 32), shown, queries, background, settings):
            pass
    return live.most


def test_memory_does_not_grow_with_classes(monkeypatch):
    monkeypatch.setattr(driver, "PACE", 0)  # as many readings, however fast the machine
    few = most_alive(2)
    assert most_alive(40) > 5 * few  # all in one block
    maps = EXPLAINERS["expected"].module.maps(explain_settings(draws=2), 0)
    monkeypatch.setattr(memory, "MEMORY", 4 * 4 * maps * 3 * 32 * 32)
    assert most_alive(40) < 1.1 * few
