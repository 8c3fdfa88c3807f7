"""The rules of the house: who may import whom, types, style, sizes, and what a wheel carries."""

from __future__ import annotations

import ast
import os
import re
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


def test_no_ignored_type_error_depends_on_the_release_of_a_library() -> None:
    """What is said of a library's own annotations is an unused comment under another release."""
    of_the_callee = re.compile(r"type: ignore(?!\[)|no-untyped-call|call-overload|import-")
    lines = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in PYTHON_FILES
        if path.relative_to(ROOT).parts[0] != "tests"
        for line in path.read_text(encoding="utf-8").splitlines()
        if "# type: ignore" in line and "unused-ignore" not in line and of_the_callee.search(line)
    ]
    assert not lines


def test_imports_keep_to_the_arrows() -> None:
    run(Path(sys.executable).parent / "lint-imports", "--no-cache")


def test_the_screen_sees_the_engines_doors_only() -> None:
    """An allow-list: a new room of the engine is closed to the screen until it is named here."""
    doors = ("engine.types", "engine.worker")
    through_other_walls = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in PYTHON_FILES
        if path.relative_to(ROOT).parts[0] == "tui"
        for module in imported_by(path)
        if module.startswith("engine.")
        and not f"{module}.".startswith(tuple(f"{d}." for d in doors))
    }
    assert not through_other_walls


def imported_by(path: Path) -> set[str]:
    """Modules that a file imports, wherever in it; `from engine import x` counts as engine.x."""
    modules = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "engine":
            names = {alias.name for alias in node.names}
            rooms = {one.stem for one in (ROOT / "engine").iterdir()}
            modules |= {f"engine.{name}" for name in names & rooms}
        elif isinstance(node, ast.ImportFrom):
            modules.add("." * node.level + (node.module or ""))
    return modules


def test_a_file_is_searched_for_imports_of_every_form(tmp_path: Path) -> None:
    file = tmp_path / "file.py"
    file.write_text(
        "import engine.models.catalog as c\nfrom engine import surveys, load\n"
        "def f():\n    from engine.attacks.base import step\n"
    )
    assert imported_by(file) == {
        "engine.models.catalog",
        "engine.surveys",
        "engine.attacks.base",
    }


def test_files_stay_small() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in PYTHON_FILES
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long


@pytest.mark.parametrize(
    "module",
    [
        *("engine.types", "engine.models", "engine.models.allocator", "engine.pictures"),
        *("engine.builtin", "engine.worker", "engine.worker.protocol", "tui.cli.main"),
    ],
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
    assert (target / "engine" / "py.typed").is_file()
    code = (
        "import json, subprocess, sys\n"
        "from engine.builtin import sample_folder\n"
        "from tui.cli.main import main\n"
        "picture = next(sample_folder().glob('African_elephant*'))\n"
        "assert str(sample_folder()).startswith(sys.argv[1]), sample_folder()\n"
        "sys.exit(main(['attack', str(picture), '--target', 'random', '--json']))\n"
    )
    out = run(sys.executable, "-c", code, target, cwd=elsewhere, PYTHONPATH=str(target))
    assert '"model": "builtin"' in out
