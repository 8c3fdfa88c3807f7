"""The classes that can be drawn, and the painter of each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.builtin.making.painters import (
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
from engine.builtin.making.scene import Scene

PAINTERS: dict[str, Callable[[Scene], None]] = {
    "jellyfish": small_animals.jellyfish,
    "ladybug": small_animals.ladybug,
    "zebra": animals.zebra,
    "Indian elephant": animals.Indian_elephant,
    "African elephant": animals.African_elephant,
    "analog clock": clocks.analog_clock,
    "balloon": flight.balloon,
    "candle": vessels.candle,
    "coffee mug": vessels.coffee_mug,
    "digital clock": clocks.digital_clock,
    "golf ball": balls.golf_ball,
    "honeycomb": patterns.honeycomb,
    "mixing bowl": vessels.mixing_bowl,
    "parachute": flight.parachute,
    "ping-pong ball": balls.ping_pong_ball,
    "school bus": street.school_bus,
    "soccer ball": balls.soccer_ball,
    "soup bowl": vessels.soup_bowl,
    "spider web": patterns.spider_web,
    "tennis ball": balls.tennis_ball,
    "wall clock": clocks.wall_clock,
    "window shade": patterns.window_shade,
    "crossword puzzle": patterns.crossword_puzzle,
    "street sign": street.street_sign,
    "traffic light": street.traffic_light,
    "Granny Smith": fruit.Granny_Smith,
    "orange": fruit.orange,
    "lemon": fruit.lemon,
    "alp": places.alp,
    "bubble": flight.bubble,
    "daisy": plants.daisy,
    "agaric": plants.agaric,
}
"""The painter of each of `engine.builtin.LABELS`."""

SIMILAR_PAIRS: tuple[tuple[str, str], ...] = (
    ("African elephant", "Indian elephant"),
    ("mixing bowl", "soup bowl"),
    ("analog clock", "wall clock"),
    ("orange", "lemon"),
    ("golf ball", "ping-pong ball"),
    ("balloon", "parachute"),
)
"""Classes that look alike, for similar-target attacks."""


def draw(name: str, seed: int, size: int) -> NDArray[np.uint8]:
    """Draws one picture of a class, uint8 RGB of shape (size, size, 3).

    The same name, seed and size give the same bytes; another size gives the same scene. `name` is
    one of `LABELS` (KeyError otherwise); `seed` is 0 or more; `size` is in pixels.
    """
    paint = PAINTERS[name]
    scene = Scene(name, seed, size)
    paint(scene)
    return scene.develop()
