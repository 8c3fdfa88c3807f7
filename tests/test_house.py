"""The rules of the house: who may import whom, types, style, sizes, and what a wheel carries."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PYTHON_FILES = sorted(
    path for room in ("engine", "tui", "tests") for path in (ROOT / room).rglob("*.py")
)


def run(*command: str | Path, cwd: Path = ROOT, **variables: str) -> str:
    """Output of a command that must succeed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_ruff_finds_nothing() -> None:
    run(sys.executable, "-m", "ruff", "check", ".")
    run(sys.executable, "-m", "ruff", "format", "--check", ".")


def test_types_are_strict() -> None:
    run(sys.executable, "-m", "mypy", "--strict", "engine", "tui")


def test_imports_keep_to_the_arrows() -> None:
    run(Path(sys.executable).parent / "lint-imports", "--no-cache")


def test_files_stay_small() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in PYTHON_FILES
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long


@pytest.mark.parametrize(
    "module", ["engine.types", "engine.worker", "engine.worker.protocol", "tui.cli.main"]
)
def test_the_doors_to_the_engine_load_no_heavy_library(module: str) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = set(run(sys.executable, "-c", code).split())
    assert not loaded & {"torch", "torchvision", "shap", "PIL", "sklearn", "textual", "skimage"}


def test_the_wheel_works_from_another_folder(tmp_path: Path) -> None:
    """Installed beside its dependencies, with nothing of the checkout in reach."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    run(*pip, "wheel", "--no-deps", "--wheel-dir", tmp_path, ROOT)
    (wheel,) = tmp_path.glob("*.whl")
    target = tmp_path / "installed"
    run(*pip, "install", "--no-deps", "--target", target, wheel)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    where = run(
        sys.executable, "-c", "import engine, tui; print(engine.__file__, tui.__file__)",
        cwd=elsewhere, PYTHONPATH=str(target),
    )  # fmt: skip
    assert where.count(str(target)) == 2
    code = (
        "import json, subprocess, sys\n"
        "from engine.builtin import sample_folder\n"
        "from tui.cli import main\n"
        "picture = next(sample_folder().glob('African_elephant*'))\n"
        "assert str(sample_folder()).startswith(sys.argv[1]), sample_folder()\n"
        "sys.exit(main(['attack', str(picture), '--target', 'random', '--json']))\n"
    )
    out = run(sys.executable, "-c", code, target, cwd=elsewhere, PYTHONPATH=str(target))
    assert '"model": "builtin"' in out
