"""The open picture: what has been computed of it is not computed twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.builtin import sample_folder
from engine.models import catalog
from engine.pictures.finding import find_pictures
from engine.types import AttackSettings, Evidence, ExplainSettings, ModelSettings, Query, UserError
from engine.types.generators import finish
from engine.worker.open_picture import Session

SETTINGS = ExplainSettings(samples=96, draws=4)


def opened() -> tuple[Session, tuple[Query, ...]]:
    classifier = finish(catalog.load(ModelSettings(device="cpu")))
    paths = sorted(find_pictures(sample_folder()))[:14]
    session = Session(classifier, paths[0], paths)
    return session, (Query("clean", session.original.index),)


def begun(session: Session, queries: tuple[Query, ...]) -> Evidence:
    """Some evidence of an explanation that is closed before its end."""
    running = session.explain(queries, SETTINGS)
    found = next(evidence for evidence in running if evidence is not None and evidence.samples > 8)
    running.close()  # type: ignore[attr-defined]  # a generator
    assert not found.done
    return found


def test_an_interrupted_explanation_goes_on_where_it_was() -> None:
    session, queries = opened()
    *_, whole = filter(None, session.explain(queries, SETTINGS))
    session, queries = opened()
    half = begun(session, queries)
    again = list(session.explain(queries, SETTINGS))
    assert again[0] is half
    assert again[-1] is not None
    assert again[-1].done
    assert again[-1].attributions[0].statistics == whole.attributions[0].statistics


def test_a_look_at_another_class_loses_nothing() -> None:
    session, queries = opened()
    half = begun(session, queries)
    begun(session, (Query("clean", session.original.index + 1),))
    for _ in range(2):  # even if it is left at once
        back = session.explain(queries, SETTINGS)
        assert next(back) is half
        back.close()  # type: ignore[attr-defined]


def test_what_is_left_before_there_is_anything_to_see_goes_on_too() -> None:
    session, queries = opened()
    running = session.explain(queries, SETTINGS)
    assert next(running) is None
    running.close()  # type: ignore[attr-defined]
    again = [e for e in session.explain(queries, SETTINGS) if e is not None]
    assert again[-1].done
    assert again[-1].samples == SETTINGS.samples


def test_a_failed_explanation_is_not_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    session, queries = opened()

    def failing(*_: object) -> Iterator[None]:
        yield None
        raise UserError("a gradient is not a number.")

    with monkeypatch.context() as patched:
        patched.setattr("engine.worker.open_picture.explain", failing)
        with pytest.raises(UserError):
            list(session.explain(queries, SETTINGS))
    last = list(session.explain(queries, SETTINGS))[-1]
    assert last is not None
    assert last.done


def test_another_attack_begins_anew() -> None:
    session, queries = opened()
    half = begun(session, queries)
    session.start(AttackSettings(steps=1))
    assert next(session.explain(queries, SETTINGS)) is not half
