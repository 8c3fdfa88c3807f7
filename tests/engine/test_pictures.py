"""Pictures of every kind become the pixels that a viewer shows and torchvision's recipe gives."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.models.torchvision_compat import torchvision
from engine.pictures.background import PictureSet
from engine.pictures.finding import find_pictures
from engine.pictures.fitting import Preprocessing, fit, for_display, to_bytes
from engine.pictures.reading import decode, read
from engine.types import BadBackground, BadFolder, BadPicture

HOW = Preprocessing(resize=20, crop=16)


def gradient_image(width: int = 30, height: int = 24) -> Image.Image:
    y, x = np.mgrid[:height, :width]
    channels = [x * 255 // width, y * 255 // height, (x + y) * 3 % 256]
    return Image.fromarray(np.stack(channels, -1).astype(np.uint8))


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (257, 511), (90, 90), (31, 400)])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_fit_equals_torchvisions_own_preset(size: tuple[int, int], interpolation: str) -> None:
    from torchvision.transforms._presets import ImageClassification

    mode = torchvision.transforms.InterpolationMode(interpolation)
    preset = ImageClassification(crop_size=224, resize_size=232, interpolation=mode)
    how = Preprocessing(232, 224, interpolation)
    image = gradient_image(*size)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (how.mean, how.std))
    expected = preset(image) * std + mean
    assert np.abs(fit(image, how) - expected.numpy()).max() < 1e-6


def test_modes_are_shown_as_a_viewer_shows_them(tmp_path: Path) -> None:
    rgb = gradient_image()
    reference = np.asarray(rgb, dtype=int)
    grey = np.asarray(rgb.convert("L"), dtype=int)

    def saved(image: Image.Image, name: str) -> np.ndarray:
        image.save(tmp_path / name)
        return np.asarray(decode(tmp_path / name), dtype=int)

    assert np.array_equal(saved(rgb, "plain.png"), reference)
    assert (
        np.abs(saved(rgb.convert("P", palette=Image.Palette.ADAPTIVE), "p.png") - reference).mean()
        < 12
    )
    assert np.array_equal(saved(rgb.convert("L"), "l.png")[..., 0], grey)
    assert np.abs(saved(rgb.convert("CMYK"), "c.tif") - reference).max() <= 2
    wide = Image.fromarray((grey * 257).astype(np.uint16))
    assert np.array_equal(saved(wide, "wide.png")[..., 1], grey)
    clear = rgb.convert("RGBA")
    clear.putalpha(0)
    assert (saved(clear, "clear.png") == 255).all()
    assert (saved(Image.new("LA", (8, 8), (0, 0)), "la.png") == 255).all()


def test_orientation_is_applied_and_the_first_frame_taken(tmp_path: Path) -> None:
    image = gradient_image()
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by 90 degrees clockwise
    image.save(tmp_path / "turned.png", exif=exif)
    turned = decode(tmp_path / "turned.png")
    assert turned.size == (24, 30)
    assert np.array_equal(np.asarray(turned), np.rot90(np.asarray(image), -1))
    frames = [Image.new("RGB", (9, 9), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "two.gif", save_all=True, append_images=frames[1:])
    assert decode(tmp_path / "two.gif").getpixel((4, 4)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.png", None, "does not exist"),
        ("text.png", b"not a picture", "not a picture"),
        ("empty.jpg", b"", "not a picture"),
        ("cut.png", b"cut", "damaged"),
        ("pickle.npy", b"cut", "not a plain numpy array"),
    ],
)
def test_a_bad_file_gets_one_sentence_with_its_name(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    path = tmp_path / name
    if name == "cut.png":
        gradient_image(300, 300).save(path)
        path.write_bytes(path.read_bytes()[:900])
    elif name == "pickle.npy":
        np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(BadPicture) as caught:
        read(path, HOW)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_saved_pixels_come_back_exactly_and_others_are_refused(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).random((3, 16, 16), dtype=np.float32)
    np.save(tmp_path / "x.npy", pixels)
    assert np.array_equal(read(tmp_path / "x.npy", HOW), pixels)
    np.save(tmp_path / "small.npy", pixels[:, :8])
    with pytest.raises(BadPicture, match=r"\(3, 16, 16\)"):
        read(tmp_path / "small.npy", HOW)
    np.save(tmp_path / "loud.npy", pixels * 2)
    with pytest.raises(BadPicture, match=r"\[0, 1\]"):
        read(tmp_path / "loud.npy", HOW)


def test_folders_are_listed_in_order_once_and_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/1.jpg", "a.webp", "notes.txt", ".hidden.png", ".h/x.png", "c.PNG"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    found = [os.path.relpath(path, tmp_path) for path in find_pictures(tmp_path)]
    assert found == ["a.webp", "b/1.jpg", "b/2.png", "c.PNG"]
    with pytest.raises(BadFolder, match="does not exist"):
        next(find_pictures(tmp_path / "nowhere"))


def test_listing_is_lazy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "x.png").touch()
    opened: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: opened.append(path) or scandir(path))
    assert len(list(islice(find_pictures(tmp_path), 2))) == 2
    assert len(opened) == 3


def test_a_set_keeps_few_pictures_and_steps_over_bad_ones(tmp_path: Path) -> None:
    paths = []
    for number in range(6):
        path = tmp_path / f"{number}.png"
        Image.new("RGB", (20, 20), (40 * number,) * 3).save(path)
        paths.append(str(path))
    (tmp_path / "2.png").write_bytes(b"broken")
    pictures = PictureSet(paths, HOW, torch.device("cpu"), cache=2)
    batch = pictures.batch([0, 2, 5])
    assert batch.shape == (3, 3, 16, 16)
    assert batch[:, 0, 0, 0].mul(255).round().tolist() == [0, 120, 200]
    assert list(pictures.skipped) == [2]
    assert len(pictures._cache) == 2
    with pytest.raises(BadBackground, match="no background"):
        PictureSet([], HOW, torch.device("cpu"))
    bad = PictureSet([paths[2]], HOW, torch.device("cpu"))
    with pytest.raises(BadBackground, match="none of the 1"):
        bad.batch([0])


def test_display_pictures_are_small_and_rounded() -> None:
    pixels = np.full((3, 600, 600), 0.5, dtype=np.float32)
    shown = for_display(pixels)
    assert max(shown.shape[:2]) <= 256
    assert shown.dtype == np.uint8
    assert (shown == 128).all()
    assert np.array_equal(to_bytes(np.array([[[0.0]], [[1.0]], [[0.499]]])), [[[0, 255, 127]]])


def test_a_pipe_among_the_pictures_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    Image.new("RGB", (9, 9)).save(tmp_path / "b.png")
    assert list(find_pictures(tmp_path)) == [str(tmp_path / "b.png")]
    with pytest.raises(BadPicture, match="not a regular file"):
        read(tmp_path / "a.png", HOW)
