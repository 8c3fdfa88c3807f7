"""What every explainer has from the driver: a new one is a module with three names."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from engine.explainers import Estimate, TensorBackground, driver, explain
from engine.explainers.base import Reading, Request
from engine.explainers.pacing import ChunkSize
from engine.types import EXPLAINERS, METHODS, UserError, explain_settings
from engine.types.settings import Sampled
from tests.engine.explaining import pictures, small, useful

PICTURES = 3
QUERIES = [(0, 1), (2, 0)]
BACKGROUND = TensorBackground(pictures(2, 8))


class Occlusion:
    """Explains a picture by its score less that with random pixels gone; `samples` counts masks."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.generator = torch.Generator().manual_seed(request.settings.seed)
        self.sums = torch.zeros(len(request.queries), *request.pictures.shape[1:])
        self.made = 0
        self.sizes: list[int] = []
        self.chunk = ChunkSize(4, 64, request.settings.draws)

    def advance(self, size: int) -> Generator[None, None, int]:
        """Look at `size` masks."""
        self.sizes.append(size)
        for q, (picture, index) in enumerate(self.request.queries):
            shown = self.request.pictures[picture]
            masks = torch.rand(size, *shown.shape[1:], generator=self.generator) < 0.5
            with torch.no_grad():
                scores = self.request.classifier(shown * masks[:, None])[:, index]
            lost = self.request.scores[picture, index] - scores.double()
            gone = (~masks).double().flatten(1)
            self.sums[q] += (lost @ gone).view(shown.shape[1:]) / 3
            yield
        self.made += size
        return size

    def read(self) -> Reading:
        """The mean loss wherever a pixel was gone."""
        nothing = np.zeros(len(self.sums))
        values = (self.sums / self.made).numpy()
        return Reading(values=values, expected=nothing, gap=nothing, note="occlusion")


def module(explainer: Any = Occlusion, **changed: Any) -> Any:
    """A module of an explainer, as a file would have it."""
    names = {
        "maps": lambda settings, rows: 2,
        "explainer": explainer,
    }
    return SimpleNamespace(**(names | changed))


def driven(
    of: Any = None,
    queries: Sequence[tuple[int, int]] = QUERIES,
    explainer: str = "lime",
    background: TensorBackground | None = BACKGROUND,
    **settings: Any,
) -> list[Estimate]:
    asked = explain_settings(explainer, **({"samples": 40, "score": "logit"} | settings))
    shown = pictures(1, PICTURES)
    running = driver.drive(of or module(), small(), shown, queries, background, asked)
    return [estimate for estimate in running if estimate is not None]


def test_a_new_explainer_streams_and_ends(monkeypatch):
    monkeypatch.setattr(driver, "PACE", 0)
    seen = driven(draws=8)
    assert [estimate.samples for estimate in seen] == [8, 16, 24, 32, 40]
    assert [estimate.done for estimate in seen] == [False] * 4 + [True]
    assert seen[-1].reason == "all samples drawn"
    assert seen[-1].note == "occlusion"
    assert seen[-1].values.shape == (2, 3, 6, 6)
    network, shown = small(), pictures(1, PICTURES)
    for q, (picture, index) in enumerate(QUERIES):
        assert seen[-1].score_values[q] == pytest.approx(float(network(shown)[picture, index]))


def test_a_new_explainer_is_asked_for_by_its_name(monkeypatch):
    for name, value in vars(module()).items():
        monkeypatch.setattr(EXPLAINERS["lime"].module, name, value)
    shown, asked = pictures(1, PICTURES), explain_settings(explainer="lime", samples=8)
    *_, last = explain(small(), shown, QUERIES, None, asked)
    assert last is not None
    assert (last.note, last.done) == ("occlusion", True)


def test_an_explainer_sees_only_pictures_that_are_asked_about():
    requests: list[Request] = []
    driven(module(lambda request: requests.append(request) or Occlusion(request)), draws=8)
    (request,) = requests
    torch.testing.assert_close(request.pictures, pictures(1, PICTURES)[[0, 2]])
    assert request.queries == ((0, 1), (1, 0))
    assert request.scores.shape == (2, 4)


@pytest.mark.parametrize(
    ("queries", "words"), [([(0, 9)], "class 9 does not exist"), ([], "at least one class")]
)
def test_a_new_explainer_refuses_what_all_refuse(queries, words):
    with pytest.raises(UserError, match=words):
        driven(queries=queries)


def test_a_background_is_demanded_where_the_settings_say_so():
    with pytest.raises(UserError, match="need background pictures"):
        driven(explainer="expected", background=None)


def test_memory_that_runs_out_asks_a_new_explainer_for_fewer():
    class Cramped(Occlusion):
        """Has no room for more than three masks."""

        def advance(self, size: int) -> Generator[None, None, int]:
            """Look at `size` masks."""
            if size > 3:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return (yield from super().advance(size))

    last = driven(module(Cramped), draws=8)[-1]
    assert last.samples == 40
    assert last.note == "occlusion; memory ran out: going on with 2 samples at a time"


def test_estimates_are_no_closer_than_the_pace(monkeypatch):
    monkeypatch.setattr(driver, "PACE", 1e9)
    seen = driven(draws=4)
    assert [estimate.samples for estimate in seen] == [4, 40]


@pytest.mark.parametrize("sought", [True, False])
def test_whoever_stops_by_the_error_sees_every_estimate(sought, monkeypatch):
    monkeypatch.setattr(driver, "PACE", 1e9)
    seen = driven(explainer="expected", draws=4, standard_error=0.1 if sought else None)
    assert len(seen) == (10 if sought else 2)


def test_the_readers_time_does_not_count():
    shown, asked = pictures(1, PICTURES), explain_settings("lime", samples=16, draws=4, seconds=2.0)
    last = None
    for estimate in driver.drive(module(), small(), shown, QUERIES, None, asked):
        time.sleep(0.3)
        last = estimate or last
    assert last is not None
    assert last.reason == "all samples drawn"
    assert last.seconds < 1.0


@pytest.mark.parametrize("row", [*EXPLAINERS.values(), *METHODS.values()])
def test_homes_of_choices_load_no_heavy_library(row):
    code = f"import sys, {row.home}; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"torch", "torchvision", "shap", "sklearn", "skimage", "scipy", "PIL"}
    assert not heavy & set(out.stdout.split())


def test_what_settings_say_of_errors_and_layers_is_so():
    shown, background = pictures(1, PICTURES), TensorBackground(pictures(2, 8))
    for name in EXPLAINERS:
        asked = useful(name, samples=40, superpixels=4, layer="2")
        *_, last = explain(small(), shown, QUERIES, background, asked)
        assert last is not None
        assert (last.standard_error is not None) == isinstance(asked, Sampled)
        gradient_x_activation = asked.layer is not None and asked.layer_form == "activation"
        assert np.isnan(last.gap).all() == gradient_x_activation


def test_an_explainer_that_needs_no_background_does_without():
    shown = pictures(1, PICTURES)
    for name in EXPLAINERS:
        for baseline in ("black", "blurred", "mean"):
            asked = useful(name, samples=4, superpixels=4, baseline=baseline, draws=4)
            running = explain(small(), shown, QUERIES, None, asked)
            if asked.has_background:
                with pytest.raises(UserError, match="need background pictures"):
                    next(running)
            else:
                *_, last = running
                assert last is not None
                assert last.done
