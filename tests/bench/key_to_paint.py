"""Milliseconds from a key to the repainted screen, at rest and while an attack plays.

    python -m tests.bench.key_to_paint [--threads N] [--network mobilenet_v2] [--keys 60]

The whole app runs without a terminal (Textual's test driver) at 160x50 on pictures of noise and a
network with random weights; the key moves the cursor of the picture list. The time ends when the
line under it has been drawn anew (without the terminal's own time).
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.torch import save_file
from textual.strip import Strip

from engine.types import ModelSettings, attack_settings, explain_settings
from engine.worker import Worker
from tests.bench.attack_speed import network
from tui.app import XawayApp
from tui.widgets.picture_list import PictureList


async def measure(options: argparse.Namespace, folder: Path) -> None:
    """Run the app and press keys."""
    save_file(network(options.network).state_dict(), folder / "w.safetensors")
    rng = np.random.default_rng(0)
    for number in range(40):
        noise = rng.integers(0, 255, (240, 240, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{number:02}.png")
    app = XawayApp(
        (str(folder),),
        ModelSettings(options.network, str(folder / "w.safetensors"), device="cpu"),
        attack_settings(steps=10_000),
        explain_settings(),
        make_worker=lambda emit: Worker(emit, options.threads),
        hints=False,
    )
    async with app.run_test(size=(160, 50)) as pilot:
        while app.workspace.picture.opened is None:
            await pilot.pause(0.1)
        await pilot.pause(2.0)
        rest = await press(app, options.keys)
        await pilot.press("space")
        while app.workspace.attack.frame is None or app.workspace.attack.frame.step < 3:
            await pilot.pause(0.1)
        first, began = app.workspace.attack.frame.step, time.perf_counter()
        playing = await press(app, options.keys)
        rate = (app.workspace.attack.frame.step - first) / (time.perf_counter() - began)
        await pilot.press("q")
    print(f"{options.network}, torch threads: {options.threads or 'all'}, {options.keys} keys")
    for name, values in (("at rest", rest), ("attack plays", playing)):
        values.sort()
        print(
            f"  {name:13} median {1000 * statistics.median(values):6.1f} ms"
            f"   95 % {1000 * values[int(0.95 * len(values))]:6.1f} ms"
            f"   worst {1000 * values[-1]:6.1f} ms"
        )
    print(f"  attack at {rate:.1f} iterations a second meanwhile")


async def press(app: XawayApp, count: int) -> list[float]:
    """Seconds from each key until the list's line under the cursor is drawn anew."""
    rows = app.main.query_one(PictureList).rows
    rows.focus()
    await asyncio.sleep(0.3)
    drawn = asyncio.Event()
    draw = rows.render_line

    def watched(y: int) -> Strip:
        strip = draw(y)
        drawn.set()
        return strip

    rows.render_line = watched  # type: ignore[method-assign]
    took = []
    for number in range(count):
        await asyncio.sleep(0.05)
        drawn.clear()
        began = time.perf_counter()
        app.simulate_key("down" if number % 20 < 10 else "up")
        await drawn.wait()
        took.append(time.perf_counter() - began)
    rows.render_line = draw  # type: ignore[method-assign]
    return took


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", default="mobilenet_v2")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--keys", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(options, Path(folder)))


if __name__ == "__main__":
    main()
