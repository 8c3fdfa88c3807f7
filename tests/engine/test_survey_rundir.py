"""Nothing finished is ever lost, and nothing that is not ours is ever overwritten."""

from __future__ import annotations

import errno
import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.surveys.execution import SurveyRun
from engine.surveys.records import (
    PictureRecord,
    from_json,
    pack_features,
    to_json,
    unpack_features,
)
from engine.surveys.run_folder import RunFolder, read_items
from engine.types import UserError, explain_settings
from tests.engine.surveying import attacks, classifier, folder, rows, settings, survey

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder(tmp_path_factory.mktemp("photos"), each=2)


@pytest.fixture(scope="module")
def whole(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "whole"
    survey(settings(photos, out))
    return out


def test_records_come_back_without_loss(whole: Path) -> None:
    for record in read_items(whole)[0].values():
        again = from_json(json.loads(json.dumps(to_json(record))))
        assert to_json(again) == to_json(record)
    wrong = PictureRecord(3, "a.png", "failed", "why")
    assert math.isnan(from_json(to_json(wrong)).confidence)


def test_features_are_block_means_of_the_sorted_values() -> None:
    values = np.random.default_rng(0).normal(size=(3, 32, 40))
    found = unpack_features(pack_features(values))
    blocks = np.sort(values.ravel())[::-1].reshape(128, -1).mean(1)
    np.testing.assert_allclose(found, blocks, rtol=1e-6)
    few = np.array([3.0, 1.0, 2.0])
    np.testing.assert_array_equal(unpack_features(pack_features(few)), [3.0, 2.0, 1.0])


# --- resuming ---------------------------------------------------------------------------------


def test_a_run_that_is_closed_between_any_two_chunks_ends_the_same(
    photos: Path, whole: Path, tmp_path: Path
) -> None:
    asked, rng = settings(photos, tmp_path / "run"), np.random.default_rng(0)
    state = "running"
    while state != "finished":
        frames = SurveyRun(*asked, classifier()).frames()
        for _ in range(int(rng.integers(30, 200))):
            frame = next(frames, None)
            state = frame.state if frame is not None else state
        frames.close()  # type: ignore[attr-defined]
    assert rows(tmp_path / "run") == rows(whole)


KILLED = """
import os, random, signal, sys, time
import torch
torch.set_num_threads(1)
from pathlib import Path
from tests.engine.surveying import classifier, settings, survey
photos, out, kills, most = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
asked, rng = settings(photos, out), random.Random(4)
killed = 0
while True:
    child = os.fork()
    if not child:
        survey(asked)
        os._exit(0)
    if killed < kills:
        time.sleep(rng.uniform(0.02, float(most)))
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        killed += 1
    else:
        sys.exit(0 if os.WEXITSTATUS(status) == 0 else 1)
    print(killed, len((out / "items.jsonl").read_bytes()) if (out / "items.jsonl").exists() else 0)
"""


def _killed(photos: Path, out: Path, kills: int, most: float) -> list[list[int]]:
    words = [sys.executable, "-c", KILLED, str(photos), str(out), str(kills), str(most)]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=1200)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return [[int(word) for word in line.split()] for line in ended.stdout.splitlines()]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_random_moments_a_run_ends_the_same(
    photos: Path, whole: Path, tmp_path: Path
) -> None:
    killed = _killed(photos, tmp_path / "run", 4, 0.5)
    assert len(killed) >= 2, "the run was over before it was killed often enough to tell anything"
    assert rows(tmp_path / "run") == rows(whole)
    assert (tmp_path / "run/features.npz").stat().st_size > 0


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_many_times_a_run_ends_the_same(tmp_path: Path) -> None:
    many = folder(tmp_path / "photos", each=30)
    survey(settings(many, tmp_path / "whole"))
    killed = _killed(many, tmp_path / "run", 100, 0.4)
    assert len(killed) >= 25
    assert rows(tmp_path / "run") == rows(tmp_path / "whole")


def test_a_line_cut_short_or_damaged_is_worked_on_again(
    photos: Path, whole: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    survey(settings(photos, out))
    lines = (out / "items.jsonl").read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"0.", b"1.", 1)  # still JSON, but not what was written
    lines[-1] = lines[-1][: len(lines[-1]) // 2]
    (out / "items.jsonl").write_bytes(b"".join(lines))
    assert len(read_items(out)[0]) == len(lines) - 2
    last = survey(settings(photos, out))
    assert last.state == "finished"
    assert any("1 damaged line" in note for note in last.notes)
    assert rows(out) == rows(whole)


def test_a_finished_run_is_left_as_it_is(photos: Path, tmp_path: Path) -> None:
    asked = settings(photos, tmp_path / "run", limit=4)
    survey(asked)
    before = (tmp_path / "run/items.jsonl").read_bytes()
    assert survey(asked).state == "finished"
    assert (tmp_path / "run/items.jsonl").read_bytes() == before


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("epsilon", {"attacks": attacks(epsilons=[0.2])}),
        ("steps", {"attacks": attacks(steps=7)}),
        ("target", {"attacks": attacks(targets=["similar"])}),
        ("seed", {"seed": 1}),
        ("limit", {"limit": 5}),
        ("score", {"explanations": (explain_settings(samples=8),)}),
        ("references", {"references": ("fixed",)}),
    ],
)
def test_a_changed_setting_is_refused_by_name(
    photos: Path, whole: Path, name: str, changes: dict[str, object]
) -> None:
    before = {path.name: path.read_bytes() for path in whole.iterdir()}
    with pytest.raises(UserError, match=f"begun with {name} .* choose another --out"):
        survey(settings(photos, whole, **changes))  # type: ignore[arg-type]
    assert {path.name: path.read_bytes() for path in whole.iterdir()} == before


def test_other_pictures_and_another_network_are_refused(photos: Path, tmp_path: Path) -> None:
    root, out = folder(tmp_path / "photos", each=1), tmp_path / "run"
    survey(settings(root, out))
    network = classifier()
    network.module.network.last.bias += 1e-3  # type: ignore[union-attr,operator]
    with pytest.raises(UserError, match="begun with network"):
        survey(settings(root, out), network)
    (root / "n01" / "0.png").unlink()
    with pytest.raises(UserError, match="begun with folder"):
        survey(settings(root, out))


def test_a_foreign_folder_is_not_touched(photos: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "thesis"
    foreign.mkdir()
    (foreign / "chapter.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty and not a survey's folder"):
        survey(settings(photos, foreign))
    (foreign / "settings.json").write_text('{"colour": "blue"}')
    with pytest.raises(UserError, match="not a survey's folder"):
        survey(settings(photos, foreign, threads=None))
    assert sorted(path.name for path in foreign.iterdir()) in (
        ["chapter.txt", "settings.json"],
        ["chapter.txt", "lock", "settings.json"],
    )


def test_a_run_of_another_version_is_refused(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    survey(settings(photos, out, limit=2))
    found = json.loads((out / "settings.json").read_text())
    (out / "settings.json").write_text(json.dumps(found | {"version": 99}))
    with pytest.raises(UserError, match=r"another version of the survey \(99"):
        survey(settings(photos, out, limit=2))


def test_an_unwritable_place_is_told(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        survey(settings(photos, tmp_path / "file" / "run"))


def test_two_writers_are_told_apart(tmp_path: Path) -> None:
    first = RunFolder(tmp_path / "run", {}, {})
    with pytest.raises(UserError, match="another process writes"):
        RunFolder(tmp_path / "run", {}, {})
    first.close()
    RunFolder(tmp_path / "run", {}, {}).close()


# --- a full disk ------------------------------------------------------------------------------


def test_a_full_disk_is_noted_and_the_run_goes_on(
    photos: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, inner = [0], RunFolder._write

    def full(self: RunFolder, line: bytes) -> None:
        calls[0] += 1
        if 3 <= calls[0] < 9:
            inner(self, line[: len(line) // 2])  # what fitted
            self._sync()
            raise OSError(errno.ENOSPC, "No space left on device")
        inner(self, line)

    monkeypatch.setattr(RunFolder, "_write", full)
    last = survey(settings(photos, tmp_path / "run"))
    assert last.state == "finished"
    assert any("the disk was full for a while" in note for note in last.notes)
    assert rows(tmp_path / "run") == rows(whole)


def test_a_disk_that_stays_full_ends_in_a_sentence_and_loses_nothing_written(
    photos: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, inner = [0], RunFolder._write

    def full(self: RunFolder, line: bytes) -> None:
        calls[0] += 1
        if calls[0] > 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        inner(self, line)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "_write", full)
        with pytest.raises(UserError, match=r"4 finished pictures .* disk is full"):
            survey(settings(photos, tmp_path / "run"))
    assert len(read_items(tmp_path / "run")[0]) == 4
    survey(settings(photos, tmp_path / "run"))
    assert rows(tmp_path / "run") == rows(whole)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals")
def test_items_are_on_disk_before_they_are_counted(photos: Path, tmp_path: Path) -> None:
    asked = settings(photos, tmp_path / "run", limit=3)
    for frame in SurveyRun(*asked, classifier()).frames():
        if frame is not None:
            assert len(read_items(tmp_path / "run")[0]) >= frame.done
