"""Promises of the drawings, the sample pictures and the built-in network."""

from __future__ import annotations

import csv
import importlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.builtin import IMAGENET_INDEX, LABELS, network, sample_folder
from engine.builtin.making import samples
from engine.builtin.making.classes import SIMILAR_PAIRS, draw
from engine.builtin.making.dataset import SPLITS, drawings
from engine.builtin.making.report import accuracy, calibration_error, confusions
from engine.builtin.making.tables import builtin
from engine.builtin.making.train import Settings, logits, softmax, train
from engine.models.torchvision_compat import torchvision
from engine.pictures.finding import find_pictures
from engine.pictures.fitting import fit
from engine.pictures.reading import decode

ROOT = Path(__file__).parents[2]
MEGABYTE = 1_000_000


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("label", LABELS)
def test_a_seed_gives_the_same_drawing_and_another_seed_another(label):
    first, again, other = draw(label, 3, 32), draw(label, 3, 32), draw(label, 4, 32)
    assert first.shape == (32, 32, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert np.abs(first.astype(int) - other).mean() > 4
    assert first.std() > 8, "a drawing is more than one flat colour"


def test_size_changes_resolution_and_not_the_scene():
    small = draw("African elephant", 5, 48)
    large = Image.fromarray(draw("African elephant", 5, 144)).reduce(3)
    assert np.abs(np.asarray(large, int) - small).mean() < 6


def test_drawing_leaves_the_global_random_generators_alone():
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    expected = torch.rand(1).item(), np.random.rand()  # noqa: NPY002
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    draw("candle", 0, 32)
    network.load()
    train(*_tiny(), Settings(steps=1, batch=4))
    assert (torch.rand(1).item(), np.random.rand()) == expected  # noqa: NPY002


def test_an_unknown_class_is_refused():
    with pytest.raises(KeyError):
        draw("unicorn", 0, 32)


def test_at_least_24_classes_carry_imagenet_names_and_indices():
    names = torchvision.models.MobileNet_V2_Weights.IMAGENET1K_V1.meta["categories"]
    assert len(LABELS) >= 24
    assert len(set(LABELS)) == len(LABELS)
    assert [names[i] for i in IMAGENET_INDEX] == list(LABELS)


def test_at_least_four_similar_pairs_are_drawn_and_the_story_s_ball():
    assert len(SIMILAR_PAIRS) >= 4
    assert {name for pair in SIMILAR_PAIRS for name in pair} <= set(LABELS)
    assert ("African elephant", "Indian elephant") in SIMILAR_PAIRS
    assert "ping-pong ball" in LABELS


def test_labels_agree_with_the_shared_list_of_classes(imagenet):
    with (imagenet / "classes.csv").open() as file:
        known = {int(row["index"]): row["name"] for row in csv.DictReader(file)}
    assert [known[i] for i in IMAGENET_INDEX] == list(LABELS)


def test_sample_images_are_complete_large_enough_and_light():
    found = {Path(p).name for p in find_pictures(sample_folder())}
    assert found == {name for name, _, _ in samples.file_names()}
    for label in LABELS:
        own = [n for n in found if re.fullmatch(rf"{label.replace(' ', '_')}_\d+\.webp", n)]
        assert len(own) >= 2, label
    for name in found:
        picture = decode(sample_folder() / name)
        assert min(picture.size) >= 320, name
    assert sum((sample_folder() / n).stat().st_size for n in found) < 8 * MEGABYTE


def test_sample_seeds_are_none_of_the_training_seeds():
    assert max(max(s) for s in samples.SAMPLE_SEEDS.values()) < min(SPLITS.values())


@pytest.mark.parametrize("name", ["ping-pong_ball_1.webp", "orange_2.webp"])
def test_sample_pictures_are_drawn_again_alike(name):
    label, seed = next((c, s) for n, c, s in samples.file_names() if n == name)
    problem = samples.difference(sample_folder() / name, samples.encoded(label, seed))
    if problem is not None:  # other library versions: the pixels must still agree
        average = re.search(r"on average ([\d.]+)", problem)
        assert average is not None, problem
        assert float(average.group(1)) < 1.0, problem


def test_check_tells_a_changed_picture(tmp_path):
    path = tmp_path / "orange_1.webp"
    want = samples.encoded("bubble", 0)
    assert samples.difference(path, want) == "missing"
    path.write_bytes(want)
    assert samples.difference(path, want) is None
    Image.new("RGB", (samples.SIZE, samples.SIZE)).save(path)
    assert "pixels differ" in samples.difference(path, want)


@pytest.mark.slow
def test_all_sample_pictures_are_reproduced():
    assert samples.main([str(sample_folder()), "--check"]) == 0


def test_the_package_draws_without_torch():
    code = (
        "import sys; from engine.builtin.making.classes import draw; draw('bubble', 0, 16);"
        "sys.exit('torch' in sys.modules or 'textual' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_nothing_at_run_time_imports_how_it_was_made():
    code = (
        "import sys, torch\n"
        "from engine.attacks.base import attack\n"
        "from engine.builtin import sample_folder\n"
        "from engine.models.catalog import load\n"
        "from engine.pictures.finding import find_pictures\n"
        "from engine.pictures.reading import read\n"
        "from engine.types import attack_settings, AttackSettings, ModelSettings\n"
        "from engine.types.generators import finish\n"
        "model = finish(load(ModelSettings(device='cpu')))\n"
        "path = next(find_pictures(sample_folder()))\n"
        "x = torch.from_numpy(read(path, model.preprocessing))[None]\n"
        "target, settings = torch.tensor([3]), attack_settings(steps=2)\n"
        "steps = list(attack(model, x, target, settings, targeted=True))\n"
        "made = [name for name in sys.modules if name.startswith('engine.builtin.making')]\n"
        "print(len(steps), made)\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "3 []"


@pytest.mark.parametrize("name", ["samples", "tables", "train"])
def test_the_commands_that_the_model_card_and_the_docstrings_name_are_there(name):
    module = f"engine.builtin.making.{name}"
    command = [sys.executable, "-m", module, "--help"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.startswith(f"usage: python -m {module} ")
    assert f"`python -m {module}" in (importlib.import_module(module).__doc__ or "")


def test_the_model_card_names_a_command_that_is_understood():
    card = (ROOT / "engine" / "builtin" / "MODEL_CARD.md").read_text(encoding="utf-8")
    module, arguments = re.findall(r"`python -m (\S+) ([^`]*)`", card)[0]
    command = [sys.executable, "-m", module, *arguments.split(), "--help"]
    assert subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode == 0


def test_the_weights_are_small_and_fit_the_labels():
    assert network.WEIGHTS.stat().st_size < 2 * MEGABYTE
    model = network.load()
    side = network.PREPROCESSING.crop
    assert model(torch.zeros(1, 3, side, side)).shape == (1, len(LABELS))
    assert all(p.dtype == torch.float32 for p in model.parameters())


def test_the_network_knows_fresh_drawings():
    unused = 40_000
    pictures = np.stack([draw(c, unused + i, 128) for c in LABELS for i in range(2)])
    truth = np.repeat(np.arange(len(LABELS)), 2)
    assert accuracy(softmax(logits(network.load(), pictures)), truth) >= 0.97


def test_the_network_knows_every_sample_picture():
    model = builtin()
    for name, label, _ in samples.file_names():
        x = torch.from_numpy(fit(decode(sample_folder() / name), model.preprocessing))[None]
        assert LABELS[int(model(x).argmax())] == label, name


def _tiny() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 255, (12, 128, 128, 3), np.uint8), np.arange(12) % 3


def test_a_stopped_training_run_goes_on_as_if_it_had_not_been(tmp_path):
    settings = Settings(steps=6, batch=4)
    whole = train(*_tiny(), settings)
    part = tmp_path / "checkpoint.pt"
    train(*_tiny(), settings, part, stop_after=3)
    resumed = train(*_tiny(), settings, part)
    for (name, a), b in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b), name


def test_drawings_are_kept_and_not_drawn_twice(tmp_path):
    first, truth = drawings(tmp_path, "fresh", 2, 1, ("bubble", "candle"))
    times = {p: p.stat().st_mtime_ns for p in tmp_path.iterdir()}
    again, _ = drawings(tmp_path, "fresh", 2, 1, ("bubble", "candle"))
    assert truth.tolist() == [0, 0, 1, 1]
    assert np.array_equal(first, again)
    assert {p: p.stat().st_mtime_ns for p in tmp_path.iterdir()} == times
    assert np.array_equal(first[1], draw("bubble", SPLITS["fresh"] + 1, 128))


def test_reports_count_what_they_say():
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.3, 0.7]])
    truth = np.array([0, 1, 1, 1])
    assert accuracy(p, truth) == 0.75
    assert confusions(p, truth, ("a", "b"))[2:] == ["| b | a | 1 | 3 |"]
    # Guo et al. 2017, eq. 3 by hand: bins hold 0.9, 0.8, 0.6 and 0.7 alone.
    assert calibration_error(p, truth) == pytest.approx((0.1 + 0.8 + 0.4 + 0.3) / 4)
