"""Milliseconds until the app could paint, against importing Textual alone and importing torch.

    python -m tests.bench.cold_start [--runs 7]

Each line is a fresh interpreter; the best of the runs counts, less an empty interpreter's time.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

LINES = {
    "textual alone": "import textual.app",
    "xaway-tui's app": "import tui.cli.main, tui.app, engine.worker",
    "xaway-tui --help": "from tui.cli.main import app_parser; app_parser().format_help()",
    "torch": "import torch",
}


def best(code: str, runs: int) -> float:
    """Seconds of the quickest of several fresh interpreters."""
    took = []
    for _ in range(runs):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        took.append(time.perf_counter() - began)
    return min(took)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    empty = best("pass", runs)
    base = best(LINES["textual alone"], runs) - empty
    for name, code in LINES.items():
        seconds = best(code, runs) - empty
        count = f"import sys; n = len(sys.modules); {code}; print(len(sys.modules) - n)"
        done = subprocess.run(
            [sys.executable, "-c", count], check=True, capture_output=True, text=True
        )
        print(
            f"{name:18} {1000 * seconds:7.0f} ms   {seconds / base:5.2f} x textual"
            f"   {int(done.stdout):5d} modules"
        )


if __name__ == "__main__":
    main()
