"""What a picture's folder says of its class, and what is done where the network says another."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.surveys.execution import SurveyRun
from engine.surveys.experiment import make_plan
from engine.types import UserError
from tests.engine.surveying import classifier, folder, paint, rows, settings, survey


@pytest.mark.parametrize(
    ("names", "rule"),
    [
        (("red_thing", "Green thing", "blue thing", "grey_thing"), "class names"),
        (("n01", "n02", "n03", "n04"), "wnids"),
        (("a", "b", "c", "d"), "order"),
    ],
)
def test_folders_name_classes_by_name_wnid_or_rank(
    tmp_path: Path, names: tuple[str, ...], rule: str
) -> None:
    root = folder(tmp_path / "photos", names)
    plan = make_plan(settings(root, tmp_path / "run")[0], classifier())
    assert rule in plan.rule
    order = {name: (kind,) for kind, name in enumerate(names)}
    assert all(item.labels == order[item.name.split("/")[0]] for item in plan.items)


def test_without_folders_the_networks_own_top_class_counts(tmp_path: Path) -> None:
    for kind in range(4):
        paint(tmp_path / "photos" / f"{kind}.png", kind, kind)
    last = survey(settings(tmp_path / "photos", tmp_path / "run"))
    assert "own top class" in last.notes[0]
    assert last.wrong == 0


def test_pictures_that_the_network_gets_wrong_are_left_out_and_counted(tmp_path: Path) -> None:
    root = folder(tmp_path / "photos", each=2)
    paint(root / "n01" / "misplaced.png", 2, 99)
    last = survey(settings(root, tmp_path / "run"))
    assert (last.done, last.wrong, last.arms[0].tried) == (9, 1, 8)
    assert "wrong" in rows(tmp_path / "run")


@pytest.mark.parametrize("stranger", ["n77/0.png", "loose.png"])
def test_mixed_folders_are_refused(tmp_path: Path, stranger: str) -> None:
    root = folder(tmp_path / "photos", ("n01", "n02"), each=1)
    paint(root / stranger, 0, 0)
    with pytest.raises(UserError, match=r"n77|loose"):
        SurveyRun(*settings(root, tmp_path / "run"), classifier())
    assert not (tmp_path / "run").exists()
