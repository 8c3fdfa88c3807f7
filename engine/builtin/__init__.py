"""Drawn sample pictures, and a small network trained on the drawings: nothing is downloaded.

Importing this package imports numpy and Pillow only; torch is needed by `network` and `train`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.builtin.drawings import (
    animals,
    balls,
    clocks,
    flight,
    fruit,
    patterns,
    places,
    plants,
    small_animals,
    street,
    vessels,
)
from engine.builtin.stage import Stage


@dataclass(frozen=True)
class DrawnClass:
    """A class that can be drawn: torchvision's label, its ImageNet-1k index and its painter."""

    name: str
    index: int
    paint: Callable[[Stage], None]


CLASSES: tuple[DrawnClass, ...] = (
    DrawnClass("jellyfish", 107, small_animals.jellyfish),
    DrawnClass("ladybug", 301, small_animals.ladybug),
    DrawnClass("zebra", 340, animals.zebra),
    DrawnClass("Indian elephant", 385, animals.Indian_elephant),
    DrawnClass("African elephant", 386, animals.African_elephant),
    DrawnClass("analog clock", 409, clocks.analog_clock),
    DrawnClass("balloon", 417, flight.balloon),
    DrawnClass("candle", 470, vessels.candle),
    DrawnClass("coffee mug", 504, vessels.coffee_mug),
    DrawnClass("digital clock", 530, clocks.digital_clock),
    DrawnClass("golf ball", 574, balls.golf_ball),
    DrawnClass("honeycomb", 599, patterns.honeycomb),
    DrawnClass("mixing bowl", 659, vessels.mixing_bowl),
    DrawnClass("parachute", 701, flight.parachute),
    DrawnClass("ping-pong ball", 722, balls.ping_pong_ball),
    DrawnClass("school bus", 779, street.school_bus),
    DrawnClass("soccer ball", 805, balls.soccer_ball),
    DrawnClass("soup bowl", 809, vessels.soup_bowl),
    DrawnClass("spider web", 815, patterns.spider_web),
    DrawnClass("tennis ball", 852, balls.tennis_ball),
    DrawnClass("wall clock", 892, clocks.wall_clock),
    DrawnClass("window shade", 905, patterns.window_shade),
    DrawnClass("crossword puzzle", 918, patterns.crossword_puzzle),
    DrawnClass("street sign", 919, street.street_sign),
    DrawnClass("traffic light", 920, street.traffic_light),
    DrawnClass("Granny Smith", 948, fruit.Granny_Smith),
    DrawnClass("orange", 950, fruit.orange),
    DrawnClass("lemon", 951, fruit.lemon),
    DrawnClass("alp", 970, places.alp),
    DrawnClass("bubble", 971, flight.bubble),
    DrawnClass("daisy", 985, plants.daisy),
    DrawnClass("agaric", 992, plants.agaric),
)
"""The classes in ImageNet's order."""

LABELS: tuple[str, ...] = tuple(c.name for c in CLASSES)
IMAGENET_INDEX: tuple[int, ...] = tuple(c.index for c in CLASSES)

SIMILAR_PAIRS: tuple[tuple[str, str], ...] = (
    ("African elephant", "Indian elephant"),
    ("mixing bowl", "soup bowl"),
    ("analog clock", "wall clock"),
    ("orange", "lemon"),
    ("golf ball", "ping-pong ball"),
    ("balloon", "parachute"),
)
"""Classes that look alike, for similar-target attacks."""

_PAINTERS = {c.name: c.paint for c in CLASSES}


def draw(name: str, seed: int, size: int) -> NDArray[np.uint8]:
    """Draws one picture of a class, uint8 RGB of shape (size, size, 3).

    The same name, seed and size give the same bytes; another size gives the same scene. `name` is
    one of `LABELS` (KeyError otherwise); `seed` is 0 or more; `size` is in pixels.
    """
    paint = _PAINTERS[name]
    stage = Stage(name, seed, size)
    paint(stage)
    return stage.develop()


def sample_folder() -> Path:
    """The folder of drawn sample pictures: beside the installed package, or the checkout's."""
    here = Path(__file__).resolve().parent
    installed = here / "sample_images"
    return installed if installed.is_dir() else here.parents[1] / "sample_images"
