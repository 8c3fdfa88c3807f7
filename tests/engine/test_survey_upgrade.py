"""Runs that version 2 of the survey has written go on, and are compared with those of now."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from engine.surveys.compare import compare
from engine.types import UserError, explain_settings
from engine.types.statistics import STATISTICS, Statistic
from tests.engine.surveying import Asked, attacks, folder, rows, settings, survey

EVERY_FIELD = {
    "seconds": None, "standard_error": None, "seed": 0, "smoothing": 0.0, "layer": None,
    "layer_form": "activation", "baseline": "black", "superpixels": 50, "features": 10,
    "draws": None,
}  # fmt: skip
"""What version 2 wrote of an explanation, whether its explainer had a use for it or not."""

Plain = dict[str, Any]


def asked(photos: Path, out: Path) -> Asked:
    lime = explain_settings("lime", samples=6, superpixels=4, features=2)
    ways = (explain_settings(samples=8, score="logit"), lime)
    return settings(photos, out, attacks=attacks(["bim", "fgsm"]), explanations=ways)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="module")
def whole(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "whole"
    survey(asked(photos, out))
    return out


# --- version 2's form, made of a run of now ---------------------------------------------------


def as_version_2(run: Path, out: Path, lines: int | None = None) -> Path:
    """A copy of a run as version 2 would have written it, with its first `lines` pictures.

    LIME is in it once more with a smoothing, which it has no use for.
    """
    shutil.copytree(run, out)
    new = json.loads((out / "settings.json").read_text())
    identity, names = old_identity(new["identity"])
    old = new | {"version": 2, "identity": identity}
    (out / "settings.json").write_text(json.dumps(old))
    items = (out / "items.jsonl").read_bytes().splitlines()[:lines]
    texts = [json.dumps(old_item(json.loads(item.split(b" ", 1)[1]), names)) for item in items]
    write_items(out, texts)
    summary = json.loads((out / "summary.json").read_text())
    (out / "summary.json").write_text(json.dumps(old_summary(summary, identity)))
    return out


def write_items(out: Path, texts: list[str]) -> None:
    checked = [f"{hashlib.sha256(text.encode()).hexdigest()[:16]} {text}\n" for text in texts]
    (out / "items.jsonl").write_text("".join(checked))


def old_identity(new: Plain) -> tuple[Plain, list[str]]:
    """A list for each field of the attacks; explanations by number, with every field."""
    explanations, names = [], []
    for name, one in new["explanations"].items():
        if one["references"] == "fixed":
            own = {key: value for key, value in one.items() if key != "references"}
            explanations.append(EVERY_FIELD | own)
            names.append(name)
    explanations.append(explanations[-1] | {"smoothing": 0.2})
    names.append(names[-1])
    first = new["attacks"][0]
    same = ("limit", "seed", "batch", "threads", "network", "folder", "device", "rows")
    old = {
        "methods": list(dict.fromkeys(one["method"] for one in new["attacks"])),
        "epsilons": list(dict.fromkeys(one["epsilon"] for one in new["attacks"])),
        "targets": list(dict.fromkeys(one["target"] for one in new["attacks"])),
        "alpha": first["alpha"],
        "steps": first["steps"],
        "decay": 1.0,
        "explanations": explanations,
        "references": ["fixed", "pair"],
    }
    return old | {name: new[name] for name in same}, names


def old_item(new: Plain, names: list[str]) -> Plain:
    """Lists in place of names; a pair's two sides stand together."""
    arms = []
    for one in new["arms"]:
        arm = {name: value for name, value in one.items() if name not in ("clean", "adversarial")}
        arm["fixed"] = [one["adversarial"][name] for name in names if one["adversarial"]]
        arm["pair"] = [
            one[side][name] for name in one["clean"] for side in ("clean", "adversarial")
        ]
        arms.append(arm)
    item = {name: value for name, value in new.items() if name != "clean"}
    return item | {"fixed": [new["clean"][name] for name in names if new["clean"]], "arms": arms}


def old_summary(new: Plain, identity: Plain) -> Plain:
    """The AUROC of learned detectors was that the clean picture's score is higher."""
    learned = []
    for row in new["learned"]:
        low, high = (None if row[k] is None else 1 - row[k] for k in ("high", "low"))
        learned.append(row | {"auroc": 1 - row["auroc"], "low": low, "high": high})
    for row in (*new["separations"], *learned):
        del row["positive"]
    return new | {"version": 2, "identity": identity, "learned": learned}


# --- promises ---------------------------------------------------------------------------------


@pytest.mark.parametrize("lines", [0, 5, None])
def test_a_run_of_version_2_goes_on_and_ends_as_one_of_now(
    photos: Path, whole: Path, tmp_path: Path, lines: int | None
) -> None:
    out = as_version_2(whole, tmp_path / "run", lines)
    before = (out / "settings.json").read_bytes()
    for _ in range(2):  # the second time its lines are of both versions
        assert survey(asked(photos, out)).state == "finished"
        assert rows(out) == rows(whole)
    assert (out / "settings.json").read_bytes() == before


def test_finished_pictures_of_version_2_are_not_worked_on_again(
    photos: Path, whole: Path, tmp_path: Path
) -> None:
    out = as_version_2(whole, tmp_path / "run", 5)
    before = (out / "items.jsonl").read_bytes()
    last = survey(asked(photos, out))
    assert (out / "items.jsonl").read_bytes().startswith(before)
    assert not any("damaged" in note for note in last.notes)


def test_a_changed_setting_is_refused(photos: Path, whole: Path, tmp_path: Path) -> None:
    out = as_version_2(whole, tmp_path / "run")
    with pytest.raises(UserError, match="begun with method bim, fgsm, not bim: choose another"):
        survey(settings(photos, out, explanations=asked(photos, out)[0].explanations))


def refused(asked: Asked, out: Path) -> str:
    """The one sentence that refuses, with nothing changed."""
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(UserError) as caught:
        survey(asked)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


def test_other_statistics_than_version_2_had_are_refused(
    photos: Path, whole: Path, tmp_path: Path
) -> None:
    out = as_version_2(whole, tmp_path / "run", 5)
    texts = [line.split(" ", 1)[1] for line in (out / "items.jsonl").read_text().splitlines()]
    write_items(out, [json.dumps(without(json.loads(text), "coherence")) for text in texts])
    assert "other statistics: choose another --out" in refused(asked(photos, out), out)


def without(plain: Any, name: str) -> Any:
    """The same without the key `name`, however deep."""
    if isinstance(plain, dict):
        return {key: without(value, name) for key, value in plain.items() if key != name}
    return [without(one, name) for one in plain] if isinstance(plain, list) else plain


def test_a_new_statistic_is_refused_by_runs_without_it(
    photos: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = as_version_2(whole, tmp_path / "old")
    sum_of = Statistic("sum", "sum", "sum of the attribution", lambda m: m.total, cheap=True)
    monkeypatch.setitem(STATISTICS, "sum", sum_of)
    for out in (old, whole):
        text = refused(asked(photos, out), out)
        assert "statistics" in text
        assert "choose another --out" in text


def test_summaries_of_both_versions_are_compared(whole: Path, tmp_path: Path) -> None:
    old = as_version_2(whole, tmp_path / "old")
    text = compare([str(old), str(whole)])
    assert "random forest" in text
    assert "epsilon" not in text  # no setting differs
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and "whole" not in line:
            assert cells[-2] == cells[-1], line
