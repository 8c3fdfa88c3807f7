"""The background depends on the seed and on what is browsed, never on when it is asked for."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.builtin import sample_folder
from engine.pictures import finding
from engine.pictures.background import (
    BACKGROUND_LIMIT,
    READ_LIMIT,
    ChosenBackground,
    background_digest,
    choose_background,
)
from engine.pictures.fitting import Preprocessing
from engine.pictures.reading import read
from engine.types import Evidence, ModelSettings, Query, UserError, explain_settings
from engine.types.generators import finish
from engine.worker import protocol as ev
from tests.engine.test_worker import Line

QUERIES = (Query("clean", 3),)
SETTINGS = explain_settings(samples=16, draws=4)
WAITING = "waiting for the list of pictures"


def fill(folder: Path, count: int, seed: int = 0) -> str:
    """A folder of small pictures that all differ."""
    folder.mkdir()
    rng = np.random.default_rng(seed)
    for number in range(count):
        pixels = rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03}.png")
    return str(folder)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """More pictures than a background takes."""
    return fill(tmp_path / "pictures", BACKGROUND_LIMIT + 10)


def chosen_for(
    explained: str, browsed: list[str], folder: str | None, seed: int
) -> ChosenBackground:
    """The background of a picture, for a small network."""
    how = Preprocessing(resize=16, crop=16)
    pixels = read(explained, how)[None]
    choice: ChosenBackground = finish(
        choose_background(explained, pixels, how, browsed, folder, seed)
    )
    return choice


class Gate:
    """Lets a listing through its first pictures only, until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = threading.Event()
        self.error: Exception | None = None
        self._find = finding.find_pictures
        monkeypatch.setattr(finding, "find_pictures", self._gated)

    def _gated(self, path: str) -> Iterator[str]:
        for number, picture in enumerate(self._find(path)):
            if number == 3:
                assert self.open.wait(60)
                if self.error is not None:
                    raise self.error
            yield picture


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    return Gate(monkeypatch)


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    line.send(ev.LoadModel(ModelSettings(device="cpu")))
    yield line
    assert line.worker.stop(30)


def explained(line: Line, run_id: int) -> Evidence:
    """The last evidence of a run."""
    done = line.wait(ev.Explained, lambda e: e.run_id == run_id and e.evidence.done)
    return done.evidence


def ask_while_listing(line: Line, folder: str) -> None:
    """Ask for evidence that has to wait for the list."""
    first = str(Path(folder, "000.png"))
    line.send(ev.FindPictures((folder,)), ev.Open(1, first), ev.Explain(2, QUERIES, SETTINGS))
    line.wait(ev.Status, lambda event: event.doing == WAITING)
    assert not any(isinstance(event, ev.Explained) for event in line.seen)


def test_evidence_is_the_same_whether_asked_for_during_the_listing_or_after(
    line: Line, folder: str, gate: Gate
) -> None:
    ask_while_listing(line, folder)
    gate.open.set()
    early = explained(line, 2)
    late_line = Line()
    late_line.send(ev.FindPictures((folder,)))
    late_line.wait(ev.Found, lambda event: event.done)
    first = str(Path(folder, "000.png"))
    late_line.send(ev.LoadModel(ModelSettings(device="cpu")), ev.Open(1, first))
    late_line.wait(ev.Opened)
    late_line.send(ev.Explain(2, QUERIES, SETTINGS))
    late = explained(late_line, 2)
    assert late_line.worker.stop(30)
    assert early.background == late.background != ""
    assert early.attributions[0].statistics == late.attributions[0].statistics
    np.testing.assert_array_equal(early.attributions[0].heat, late.attributions[0].heat)


@pytest.mark.parametrize("error", [UserError("it cannot be read."), OSError("it is gone")])
def test_a_listing_that_fails_keeps_nobody_waiting(
    line: Line, folder: str, gate: Gate, error: Exception
) -> None:
    gate.error = error
    ask_while_listing(line, folder)
    gate.open.set()
    failed = line.wait(ev.Failed)
    assert (failed.command, failed.run_id) == (ev.FindPictures, 0)
    assert str(error) in failed.message
    assert explained(line, 2).done


def test_waiting_for_the_list_can_be_cancelled(line: Line, folder: str, gate: Gate) -> None:
    ask_while_listing(line, folder)
    line.send(ev.Cancel())
    line.wait(ev.Status, lambda event: not event.doing)
    gate.open.set()
    line.wait(ev.Found, lambda event: event.done)
    line.send(ev.Explain(3, QUERIES, SETTINGS))
    assert explained(line, 3).done
    assert not any(isinstance(event, ev.Explained) and event.run_id == 2 for event in line.seen)


def test_what_needs_no_background_does_not_wait(line: Line, folder: str, gate: Gate) -> None:
    first = str(Path(folder, "000.png"))
    lime = explain_settings("lime", samples=12)
    line.send(ev.FindPictures((folder,)), ev.Open(1, first), ev.Explain(2, QUERIES, lime))
    assert explained(line, 2).background == ""
    gate.open.set()


def test_another_list_is_another_background_and_the_first_is_remembered(
    line: Line, folder: str, tmp_path: Path
) -> None:
    other = fill(tmp_path / "other", 5, seed=1)
    first = str(Path(folder, "000.png"))
    line.send(ev.FindPictures((folder,)), ev.Open(1, first), ev.Explain(2, QUERIES, SETTINGS))
    one = explained(line, 2)
    line.send(ev.FindPictures((other,)), ev.Explain(3, QUERIES, SETTINGS))
    two = explained(line, 3)
    line.send(ev.FindPictures((folder,)), ev.Explain(4, QUERIES, SETTINGS))
    again = explained(line, 4)
    assert one.background != two.background
    assert one.attributions[0].statistics != two.attributions[0].statistics
    assert again is one


def test_order_and_repetition_of_what_is_browsed_do_not_matter(folder: str) -> None:
    paths = list(finding.find_pictures(folder))
    chosen = chosen_for(paths[4], paths, None, 7)
    mixed = paths * 2
    random.Random(0).shuffle(mixed)
    assert chosen_for(paths[4], mixed, None, 7) == chosen
    assert chosen_for(paths[4], paths, None, 8) != chosen
    assert len(set(chosen.paths)) == BACKGROUND_LIMIT
    for explained_path in paths:
        chosen = chosen_for(explained_path, paths, None, 7)
        assert explained_path not in chosen.paths
        assert len(chosen.paths) == BACKGROUND_LIMIT


def test_the_shipped_samples_stand_in_and_that_is_said(folder: str) -> None:
    only = str(Path(folder, "000.png"))
    chosen = chosen_for(only, [only], None, 0)
    assert Path(chosen.paths[0]).parent == sample_folder()
    assert "shipped sample pictures" in chosen.note
    with pytest.raises(UserError, match="does not exist"):
        chosen_for(only, [only], "/nowhere", 0)


def test_a_digest_is_of_what_the_pictures_are_not_of_where(tmp_path: Path) -> None:
    one, same = fill(tmp_path / "one", 5), fill(tmp_path / "same", 5)
    other = fill(tmp_path / "other", 5, seed=1)
    digests = [background_digest(sorted(finding.find_pictures(f))) for f in (one, same, other)]
    assert digests[0] == digests[1] != digests[2]
    assert len(digests[0]) == 12
    assert background_digest([]) == ""


def test_a_changed_picture_changes_the_digest_though_contents_are_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = sorted(finding.find_pictures(fill(tmp_path / "pictures", 5)))
    before = background_digest(paths)
    with monkeypatch.context() as patched:
        patched.setattr("builtins.open", None)
        assert background_digest(paths) == before
    changed = Path(paths[0])
    changed.write_bytes(changed.read_bytes()[::-1])
    os.utime(changed, ns=(0, 0))
    assert background_digest(paths) != before
    changed.unlink()
    assert len(background_digest(paths)) == 12


def test_of_a_large_folder_names_and_sizes_are_enough(tmp_path: Path) -> None:
    paths = []
    for number in range(READ_LIMIT + 1):
        path = tmp_path / f"{number}.png"
        path.write_bytes(b"x" * number)
        paths.append(str(path))
    before = background_digest(paths)
    Path(paths[1]).write_bytes(b"y")
    assert background_digest(paths) == before
    Path(paths[1]).write_bytes(b"yy")
    assert background_digest(paths) != before
