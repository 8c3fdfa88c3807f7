"""The survey compares what it says it compares, and says what it left out."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.attacks.base import attack
from engine.explainers import TensorBackground, explain
from engine.pictures.reading import read
from engine.surveys.compare import compare
from engine.surveys.execution import SurveyRun
from engine.surveys.run_folder import read_items
from engine.surveys.table import columns
from engine.types import (
    SurveyFrame,
    UserError,
    attack_settings,
    explain_settings,
)
from engine.types.statistics import STATISTICS
from tests.engine.surveying import (
    CLASSES,
    attacks,
    classifier,
    folder,
    rows,
    settings,
    survey,
)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="module")
def done(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SurveyFrame]:
    out = tmp_path_factory.mktemp("runs") / "run"
    return out, survey(settings(photos, out))


def table(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(rows(out).splitlines()))


class TestArms:
    def test_every_attack_has_its_controls(self, done: tuple[Path, SurveyFrame]) -> None:
        keys = [arm.key for arm in done[1].arms]
        assert keys == [
            "bim-0.3-random",
            "bim-0.3-random-matched",
            "bim-0.3-similar",
            "bim-0.3-similar-matched",
            "noise-0.3",
        ]

    def test_noise_is_as_large_as_the_attack_and_follows_no_gradient(
        self, done: tuple[Path, SurveyFrame]
    ) -> None:
        records = read_items(done[0])[0].values()
        for record in records:
            noise = next(arm for arm in record.arms if arm.key == "noise-0.3")
            biggest = max(arm.linf for arm in record.arms if arm.key == "bim-0.3-random")
            assert noise.linf == pytest.approx(0.3, abs=1e-6)
            assert biggest == pytest.approx(0.3, abs=1e-6)
            assert noise.target is None
            assert noise.step == 0
            assert noise.prediction == record.prediction

    def test_a_matched_attack_ends_at_the_first_step_that_is_as_sure_as_the_clean_picture(
        self, photos: Path, done: tuple[Path, SurveyFrame]
    ) -> None:
        network, seen = classifier(), 0
        for record in read_items(done[0])[0].values():
            one = next(arm for arm in record.arms if arm.key == "bim-0.3-similar-matched")
            if not one.reached:
                continue
            seen += 1
            x0 = torch.from_numpy(read(photos / record.name, network.preprocessing))[None]
            classes = torch.tensor([one.target])
            how = attack_settings("bim", target="similar", epsilon=0.3, steps=6, seed=one.seed)
            steps = list(attack(network, x0, classes, how, targeted=True))
            sure = [
                float(step.logits.softmax(1).max()) >= record.confidence
                and int(step.logits.argmax()) == one.target
                for step in steps
            ]
            assert one.step == 1 + sure[1:].index(True)
            assert one.confidence >= record.confidence
        assert seen > 1

    def test_arms_tell_how_sure_the_network_was_of_both_sides(
        self, done: tuple[Path, SurveyFrame]
    ) -> None:
        for arm in done[1].arms:
            rows = [
                row for row in table(done[0]) if row["arm"] == arm.key and row["reached"] == "1"
            ]
            by = {row["picture"]: row for row in rows}.values()
            for side, told in zip(("clean", "adversarial"), arm.confidence, strict=True):
                sure = [float(row[f"{side}_confidence"]) for row in by]
                assert told == pytest.approx(np.median(sure))

    @pytest.mark.parametrize("method", ["fgsm", "pgd", "mifgsm", "blog"])
    def test_an_attack_in_a_batch_is_the_attack_alone(
        self, method: str, photos: Path, tmp_path: Path
    ) -> None:
        asked = settings(
            photos,
            tmp_path / "run",
            attacks=attacks([method], targets=["random"]),
            explanations=(explain_settings(samples=8),),
            references=("fixed",),
            batch=5,
            limit=5,
        )
        survey(asked)
        network = classifier()
        for record in read_items(tmp_path / "run")[0].values():
            one = record.arms[0]
            x0 = torch.from_numpy(read(photos / record.name, network.preprocessing))[None]
            how = replace(asked[0].attacks[0], seed=one.seed)
            *_, last = attack(network, x0, torch.tensor([one.target]), how, targeted=True)
            assert one.l2 == pytest.approx(float(last.l2[0]), abs=1e-4)
            assert one.probability_target == pytest.approx(
                float(last.logits.softmax(1)[0, one.target]), abs=1e-4
            )

    def test_an_untargeted_attack_is_to_leave_the_class(self, photos: Path, tmp_path: Path) -> None:
        last = survey(
            settings(photos, tmp_path / "run", attacks=attacks(targets=["none"]), limit=6)
        )
        assert last.arms[0].tried == 6
        assert last.arms[0].reached >= 3
        for record in read_items(tmp_path / "run")[0].values():
            one = record.arms[0]
            assert one.target is None
            assert one.reached == (one.prediction != record.prediction)


class TestFigures:
    def test_attributions_are_those_of_each_sides_own_top_class(
        self, photos: Path, done: tuple[Path, SurveyFrame]
    ) -> None:
        network = classifier()
        record = read_items(done[0])[0][0]
        arm = next(arm for arm in record.arms if arm.key == "bim-0.3-random" and arm.reached)
        x0 = torch.from_numpy(read(photos / record.name, network.preprocessing))[None]
        how = attack_settings("bim", target="random", epsilon=0.3, steps=6, seed=arm.seed)
        *_, last = attack(network, x0, torch.tensor([arm.target]), how, targeted=True)
        both = torch.cat([x0, last.state.x])
        asked = explain_settings(samples=8, seed=arm.seed, draws=16)
        queries = [(0, record.prediction), (1, arm.prediction)]
        *_, final = explain(network, both, queries, TensorBackground(both), asked)
        (pair,) = arm.clean
        sides = arm.clean[pair], arm.adversarial[pair]
        for figures, values in zip(sides, final.values, strict=True):
            mean_abs = figures.statistics["mean_abs"]
            assert mean_abs == pytest.approx(float(np.abs(values).mean()), rel=1e-3)

    def test_every_statistic_comes_with_its_error(self, done: tuple[Path, SurveyFrame]) -> None:
        for record in read_items(done[0])[0].values():
            for figures in record.clean.values():
                assert list(figures.statistics) == list(STATISTICS) == list(figures.errors)
                assert math.isfinite(figures.errors["mean_abs"])

    def test_the_explained_picture_is_never_its_own_background(
        self, photos: Path, tmp_path: Path
    ) -> None:
        run = SurveyRun(*settings(photos, tmp_path / "run"), classifier())
        for item in run.plan.items:
            path, how = run.context.path(item), run.context.classifier.preprocessing
            mine = torch.from_numpy(read(path, how))
            background = run.context.background_for(item, mine[None])
            assert background is not None
            batch = background.batch(range(len(background)))
            assert not any(torch.equal(mine, other) for other in batch)


class TestResults:
    def test_all_files_are_there_and_every_column_is_documented(
        self, done: tuple[Path, SurveyFrame]
    ) -> None:
        out, last = done
        for name in ("summary.json", "rows.csv", "report.md", "features.npz", "items.jsonl"):
            assert (out / name).stat().st_size > 0
        assert (out / "histogram-bim-0.3-random-mean_abs.svg").read_text().startswith("<svg")
        known = set(columns()) | {
            name.replace("clean_", "adversarial_", 1) for name in columns() if "clean_" in name
        }
        for column in table(out)[0]:
            assert column.removesuffix("_error") in known, column
        assert last.done == last.total == 12

    def test_a_row_for_each_picture_arm_and_explanation(
        self, done: tuple[Path, SurveyFrame]
    ) -> None:
        found = table(done[0])
        keys = [(row["picture"], row["arm"], row["explanation"]) for row in found]
        assert len(set(keys)) == len(keys)
        noise = [row for row in found if row["arm"] == "noise-0.3"]
        assert len(noise) == 12 * 3  # two scores and the pair as background

    def test_the_summary_agrees_with_the_rows(self, done: tuple[Path, SurveyFrame]) -> None:
        out = done[0]
        summary = json.loads((out / "summary.json").read_text())
        for row in summary["separations"]:
            if row["statistic"] == "confidence":
                continue
            name = row["statistic"]
            pairs = [
                (float(one[f"clean_{name}"]), float(one[f"adversarial_{name}"]))
                for one in table(out)
                if one["arm"] == row["arm"] and one["explanation"] == row["explanation"]
            ]
            wins = [(a > b) + 0.5 * (a == b) for a, _ in pairs for _, b in pairs]
            assert row["auroc"] == pytest.approx(np.mean(wins))
            assert row["pairs"] == len(pairs)

    def test_confidence_alone_and_the_blogs_detectors_stand_beside_the_statistics(
        self, done: tuple[Path, SurveyFrame]
    ) -> None:
        found = {(row.statistic, row.explanation) for row in done[1].separations}
        assert ("confidence", "no explanation") in found
        fixed, pair = done[1].explanations[0], done[1].explanations[-1]
        for name in ("logistic regression", "random forest"):
            assert (name, fixed) in found
            assert (name, pair) in found
        assert "ROC" in (done[0] / "report.md").read_text()

    def test_only_attacks_that_reached_their_goal_are_compared(
        self, photos: Path, tmp_path: Path
    ) -> None:
        last = survey(settings(photos, tmp_path / "run", attacks=attacks(epsilons=[0.001])))
        assert all(arm.reached == 0 for arm in last.arms if arm.control == "attack")
        assert {row.arm for row in last.separations if row.pairs} == {"noise-0.001"}

    def test_the_ends_name_pictures_with_the_settings_that_show_them(
        self, photos: Path, done: tuple[Path, SurveyFrame]
    ) -> None:
        last = done[1]
        separations = [pair.separation for pair in last.most]
        assert separations == sorted(separations, reverse=True)
        one = last.most[0]
        assert Path(one.path).exists()
        record = next(r for r in read_items(done[0])[0].values() if one.path.endswith(r.name))
        arm = next(a for a in record.arms if a.key == one.arm)
        assert one.attack.seed == arm.seed
        assert one.clean == record.clean[last.explanations[0]].statistics["mean_abs"]

    def test_runs_are_compared_side_by_side(
        self, photos: Path, done: tuple[Path, SurveyFrame], tmp_path: Path
    ) -> None:
        survey(settings(photos, tmp_path / "other", attacks=attacks(epsilons=[0.2, 0.3]), limit=8))
        text = compare([str(done[0]), str(tmp_path / "other")])
        assert "| epsilon | 0.3 | 0.2, 0.3 |" in text
        assert "| BIM 0.2 random |" in text
        with pytest.raises(UserError, match="two or more"):
            compare([str(done[0])])


def test_labels_are_the_networks(done: tuple[Path, SurveyFrame]) -> None:
    record = read_items(done[0])[0][0]
    assert CLASSES[record.prediction] == "red thing"
