"""The open picture: what has been computed of it is not computed twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.builtin import sample_folder
from engine.models import catalog
from engine.pictures.finding import find_pictures
from engine.types import (
    Evidence,
    ModelSettings,
    Query,
    UserError,
    attack_settings,
    explain_settings,
)
from engine.types.generators import finish
from engine.worker.open_picture import OpenPicture

SETTINGS = explain_settings(samples=400, draws=4)
PATHS = sorted(find_pictures(sample_folder()))[:14]


def opened() -> tuple[OpenPicture, tuple[Query, ...]]:
    classifier = finish(catalog.load(ModelSettings(device="cpu")))
    picture = OpenPicture(classifier, PATHS[0])
    return picture, (Query("clean", picture.original.index),)


def begun(picture: OpenPicture, queries: tuple[Query, ...]) -> Evidence:
    """Some evidence of an explanation that is closed before its end."""
    running = picture.explain(queries, SETTINGS, PATHS)
    found = next(evidence for evidence in running if evidence is not None and evidence.samples > 8)
    running.close()  # type: ignore[attr-defined]  # a generator
    assert not found.done
    return found


def test_an_interrupted_explanation_goes_on_where_it_was() -> None:
    picture, queries = opened()
    *_, whole = filter(None, picture.explain(queries, SETTINGS, PATHS))
    picture, queries = opened()
    half = begun(picture, queries)
    again = list(picture.explain(queries, SETTINGS, PATHS))
    assert again[0] is half
    assert again[-1] is not None
    assert again[-1].done
    assert again[-1].attributions[0].statistics == whole.attributions[0].statistics


def test_a_look_at_another_class_loses_nothing() -> None:
    picture, queries = opened()
    half = begun(picture, queries)
    begun(picture, (Query("clean", picture.original.index + 1),))
    for _ in range(2):  # even if it is left at once
        back = picture.explain(queries, SETTINGS, PATHS)
        assert next(back) is half
        back.close()  # type: ignore[attr-defined]


def test_what_is_left_before_there_is_anything_to_see_goes_on_too() -> None:
    picture, queries = opened()
    running = picture.explain(queries, SETTINGS, PATHS)
    assert next(running) is None
    running.close()  # type: ignore[attr-defined]
    again = [e for e in picture.explain(queries, SETTINGS, PATHS) if e is not None]
    assert again[-1].done
    assert again[-1].samples == SETTINGS.samples


def test_a_failed_explanation_is_not_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, queries = opened()

    def failing(*_: object) -> Iterator[None]:
        yield None
        raise UserError("a gradient is not a number.")

    with monkeypatch.context() as patched:
        patched.setattr("engine.worker.explanations.explain", failing)
        with pytest.raises(UserError):
            list(picture.explain(queries, SETTINGS, PATHS))
    last = list(picture.explain(queries, SETTINGS, PATHS))[-1]
    assert last is not None
    assert last.done


def test_another_attack_begins_anew() -> None:
    picture, queries = opened()
    half = begun(picture, queries)
    picture.start(attack_settings(steps=1))
    assert next(picture.explain(queries, SETTINGS, PATHS)) is not half
