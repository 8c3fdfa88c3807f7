"""Drawn sample pictures, and a small network trained on the drawings: nothing is downloaded.

Importing this package imports nothing else; torch is needed by `network`. How pictures and
network were made is in `making`, which nothing imports at run time.
"""

from __future__ import annotations

from pathlib import Path

CLASSES: tuple[tuple[str, int], ...] = (
    ("jellyfish", 107),
    ("ladybug", 301),
    ("zebra", 340),
    ("Indian elephant", 385),
    ("African elephant", 386),
    ("analog clock", 409),
    ("balloon", 417),
    ("candle", 470),
    ("coffee mug", 504),
    ("digital clock", 530),
    ("golf ball", 574),
    ("honeycomb", 599),
    ("mixing bowl", 659),
    ("parachute", 701),
    ("ping-pong ball", 722),
    ("school bus", 779),
    ("soccer ball", 805),
    ("soup bowl", 809),
    ("spider web", 815),
    ("tennis ball", 852),
    ("wall clock", 892),
    ("window shade", 905),
    ("crossword puzzle", 918),
    ("street sign", 919),
    ("traffic light", 920),
    ("Granny Smith", 948),
    ("orange", 950),
    ("lemon", 951),
    ("alp", 970),
    ("bubble", 971),
    ("daisy", 985),
    ("agaric", 992),
)
"""torchvision's name and ImageNet-1k index of each class, in ImageNet's order."""

LABELS: tuple[str, ...] = tuple(name for name, _ in CLASSES)
IMAGENET_INDEX: tuple[int, ...] = tuple(index for _, index in CLASSES)


def sample_folder() -> Path:
    """The folder of drawn sample pictures: beside the installed package, or the checkout's."""
    here = Path(__file__).resolve().parent
    installed = here / "sample_images"
    return installed if installed.is_dir() else here.parents[1] / "sample_images"
