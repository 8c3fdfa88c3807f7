"""The command line: the same engine without a screen, for scripts and for boxes without one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.builtin import sample_folder
from engine.types import (
    ModelSettings,
    UserError,
    attack_settings,
    find_class,
    parse_fraction,
)
from tests.conftest import ROOT
from tui.cli.main import main

ELEPHANT = str(sorted(sample_folder().glob("African_elephant*"))[0])


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a call."""
    try:
        code = main(list(arguments))
    except SystemExit as exit:
        code = int(exit.code or 0)
    out = capsys.readouterr()
    return code, out.out, out.err


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code, out, err = run(capsys, *arguments, "--json")
    assert code == 0, err
    report: dict[str, Any] = json.loads(out)
    return report


def test_attack_reports_every_step_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    report = run_json(
        capsys, "attack", ELEPHANT, "--target", "ping-pong ball", "--epsilon", "8/255",
        "--steps", "4",
    )  # fmt: skip
    assert report["model"] == "builtin"
    assert report["image"] == ELEPHANT
    assert report["method"] == "bim"
    assert report["target"]["name"] == "ping-pong ball"
    assert report["original"]["name"] == "African elephant"
    assert report["epsilon"] == pytest.approx(8 / 255)
    assert report["alpha"] == pytest.approx(2.5 * 8 / 255 / 4)
    assert report["seed"] == 0
    assert [step["step"] for step in report["steps"]] == [0, 1, 2, 3, 4]
    for step in report["steps"]:
        assert set(step) == {
            "step", "loss", "linf", "l2", "probability_target", "probability_original", "top",
        }  # fmt: skip
        assert len(step["top"]) == 5
        assert step["linf"] <= 8 / 255 + 1e-6
    assert report["steps"][0]["linf"] == report["steps"][0]["l2"] == 0
    reached = [s["step"] for s in report["steps"] if s["top"][0]["name"] == "ping-pong ball"]
    assert report["success"] == bool(reached)
    assert report["success_step"] == (reached[0] if reached else None)


def test_the_same_seed_gives_the_same_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    call = ("attack", ELEPHANT, "--target", "random", "--method", "pgd", "--steps", "3")
    one = run_json(capsys, *call, "--seed", "7")
    two = run_json(capsys, *call, "--seed", "7")
    other = run_json(capsys, *call, "--seed", "8")
    assert one == two
    assert one["steps"][1:] != other["steps"][1:]


@pytest.mark.parametrize("explainer", ["expected", "shap", "integrated", "lime"])
def test_the_same_seed_gives_the_same_evidence_to_the_last_bit(
    capsys: pytest.CaptureFixture[str], explainer: str
) -> None:
    call = ("explain", ELEPHANT, "--explainer", explainer, "--samples", "24", "--seed")
    assert run_json(capsys, *call, "3") == run_json(capsys, *call, "3")


def test_without_a_target_the_attack_is_untargeted(capsys: pytest.CaptureFixture[str]) -> None:
    report = run_json(capsys, "attack", ELEPHANT, "--steps", "2")
    assert report["target"] is None
    assert all(step["probability_target"] is None for step in report["steps"])
    assert report["steps"][-1]["loss"] > report["steps"][0]["loss"]


def test_the_saved_picture_is_exact_and_the_png_is_checked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    report = run_json(
        capsys, "attack", ELEPHANT, "--target", "random", "--out", str(tmp_path / "o")
    )
    saved = report["saved"]
    pixels = np.load(saved["npy"])
    assert np.abs(pixels).max() <= 1
    again = run_json(capsys, "attack", saved["npy"], "--steps", "1")
    assert again["steps"][0]["top"][0] == report["steps"][-1]["top"][0]
    png = run_json(capsys, "attack", saved["png"], "--steps", "1")
    assert saved["survived"] == (png["original"]["name"] == report["target"]["name"])


def test_explain_gives_statistics_with_errors(capsys: pytest.CaptureFixture[str]) -> None:
    report = run_json(
        capsys, "explain", ELEPHANT, "--class", "Ping-pong ball", "--samples", "32",
        "--score", "logit",
    )  # fmt: skip
    assert report["class"]["name"] == "ping-pong ball"
    assert report["score"] == "logit"
    assert report["samples"] >= 32
    assert set(report["statistics"]) == set(report["standard_error"])
    assert report["standard_error"]["mean_abs"] > 0
    edges = report["histogram"]["edges"]
    assert edges[0] == pytest.approx(-edges[-1])
    assert len(report["histogram"]["shares"]) == len(edges) - 1
    assert sum(report["histogram"]["shares"]) == pytest.approx(1)
    assert 0 < report["noise_alone"] < report["statistics"]["mean_abs"]
    size = report["statistics"]["mean"]
    assert np.isfinite(report["completeness_gap"])
    assert np.isfinite(size)


def test_reports_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "attack", ELEPHANT, "--target", "similar", "--steps", "2")
    assert code == 0
    assert "BIM, epsilon 0.0156863 = 4/255" in out
    code, out, _ = run(capsys, "explain", ELEPHANT, "--samples", "16")
    assert code == 0
    assert "mean_abs" in out
    heat = [line for line in out.splitlines() if set(line) <= set("·+*#-=%") and line]
    assert len(heat) == 28
    assert len({len(line) for line in heat}) == 1
    assert all(any(sign in line for line in heat) for sign in "+-")
    code, out, _ = run(capsys, "models")
    assert code == 0
    assert "builtin" in out
    assert "inception_v3" in out


@pytest.mark.parametrize("arguments", [(), ("attack",), ("explain",), ("models",)])
def test_help_is_everywhere(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    code, out, _ = run(capsys, *arguments, "--help")
    assert code == 0
    assert "usage: xaway-tui" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("attack", "nowhere.png"), "nowhere.png does not exist"),
        (("attack", ELEPHANT, "--target", "ping-pong bal"), "did you mean ping-pong ball"),
        (("attack", ELEPHANT, "--target", "99999"), "does not exist: this network has classes 0"),
        (("attack", ELEPHANT, "--epsilon", "3"), "between 0 and 1"),
        (("attack", ELEPHANT, "--epsilon", "much"), "0.01 or 2.55/255"),
        (("attack", ELEPHANT, "--steps", "0"), "steps must lie between 1 and"),
        (("attack", ELEPHANT, "--model", "resnet_50"), "did you mean resnet50"),
        (("attack", ELEPHANT, "--device", "cuda:9"), "device 'cuda:9' is not here"),
        (("attack", ELEPHANT, "--weights", "x.pth"), "--weights needs --model"),
        (("attack", ELEPHANT, "--method", "magic"), "invalid choice: 'magic'"),
        (("explain", ELEPHANT, "--class", "elefant"), "unknown class 'elefant'"),
        (("explain", ELEPHANT, "--layer", "nope"), "no layer 'nope'"),
        (("explain", ELEPHANT, "--background", "/nowhere"), "/nowhere does not exist"),
        (("explain", ELEPHANT, "--samples", "many"), "samples must be a whole number"),
        (("explain", ELEPHANT, "--seconds", "-1"), "the time limit must be a number, above 0"),
        (("explain", ELEPHANT, "--standard-error", "nan"), "the error to stop at must be a number"),
        (("explain", ELEPHANT, "--smoothing", "nan"), "smoothing must be a number, 0 or more"),
        (("attack", ELEPHANT, "--decay", "-5"), "decay must be a number, 0 or more"),
        (("attack", ELEPHANT, "--threads", "100000"), "between 1 and 1024"),
        (("attack", ELEPHANT, "--threads", "0"), "between 1 and 1024"),
        (("attack", ELEPHANT, "--steps", "1", "--out", f"{ELEPHANT}/x"), "cannot be written"),
    ],
)
def test_bad_input_is_one_sentence_and_code_2(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_a_broken_picture_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "evil\x1b[31m.png"
    path.write_bytes(b"nothing")
    code, _, err = run(capsys, "attack", str(path))
    assert code == 2
    assert "not a picture" in err
    assert "\x1b" not in err


def test_weights_that_do_not_fit_say_which_keys(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    import torch
    from safetensors.torch import save_file

    save_file({"a.weight": torch.zeros(2)}, tmp_path / "w.safetensors")
    code, _, err = run(
        capsys, "attack", ELEPHANT, "--model", "resnet18", "--weights",
        str(tmp_path / "w.safetensors"),
    )  # fmt: skip
    assert code == 2
    assert "missing conv1.weight" in err
    assert "unknown a.weight" in err


def test_without_a_terminal_the_app_says_what_to_use() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tui.cli.main"],
        cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        env={**os.environ, "TERM": "xterm-256color"},
    )  # fmt: skip
    assert done.returncode == 2
    assert "needs a terminal: use `xaway-tui attack`" in done.stderr
    assert done.stdout == ""


def test_numbers_and_classes_as_people_write_them() -> None:
    assert parse_fraction("2.55/255") == pytest.approx(0.01)
    assert parse_fraction(" 0.5 ") == 0.5
    for bad in ("", "1/0", "nan", "-0.1", "8"):
        with pytest.raises(UserError, match="epsilon must"):
            parse_fraction(bad)
    assert find_class("a_B", ("x", "A b")) == 1
    with pytest.raises(UserError, match="alpha must lie"):
        attack_settings(alpha=2.0)
    assert ModelSettings().name == "builtin"


def test_a_real_network_is_fooled_within_twenty_iterations(
    capsys: pytest.CaptureFixture[str], imagenet: Path
) -> None:
    """African elephant to ping-pong ball at epsilon 0.01: over 90 % within 20 iterations."""
    report = run_json(
        capsys, "attack", str(imagenet / "photos/n02504458/African_elephant.JPEG"),
        "--target", "ping-pong ball", "--epsilon", "0.01", "--model", "mobilenet_v2",
        "--weights", str(imagenet / "mobilenet_v2.safetensors"),
    )  # fmt: skip
    assert report["original"]["name"] == "African elephant"
    assert report["steps"][0]["probability_original"] > 0.8
    assert report["steps"][20]["probability_target"] > 0.9
    assert report["success"]


def test_a_tiny_picture_is_enlarged(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    Image.new("RGB", (5, 5)).save(tmp_path / "tiny.png")
    report = run_json(capsys, "attack", str(tmp_path / "tiny.png"), "--steps", "1")
    assert len(report["steps"]) == 2
