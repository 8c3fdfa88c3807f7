"""The first paint waits for nothing heavy."""

import subprocess
import sys
from pathlib import Path

import pytest

import tui.cli
import tui.state

HEAVY = ("torch", "torchvision", "shap", "PIL", "sklearn", "skimage", "scipy", "pandas", "captum")


def modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_the_app_is_imported_without_torch_shap_or_pillow() -> None:
    loaded = modules_after("import tui.app, tui.screens.juxtaposition, tui.screens.zoom")
    assert "textual" in loaded
    assert not loaded & set(HEAVY)


def test_the_worker_is_made_without_torch() -> None:
    assert not modules_after("import engine.worker; engine.worker.Worker(print)") & set(HEAVY)


@pytest.mark.parametrize("room", [tui.cli, tui.state], ids=lambda room: room.__name__)
def test_what_needs_no_screen_is_imported_without_textual(room: object) -> None:
    folder, name = Path(room.__file__).parent, room.__name__  # type: ignore[attr-defined]
    modules = [f"{name}.{path.stem}" for path in folder.glob("*.py") if path.stem != "__init__"]
    assert modules
    assert "textual" not in modules_after("import " + ", ".join(modules))


@pytest.mark.parametrize(
    "path", sorted(Path(tui.cli.__file__).parent.glob("[!_]*.py")), ids=lambda path: path.stem
)
def test_each_module_of_the_command_line_is_imported_without_textual(path: Path) -> None:
    assert "textual" not in modules_after(f"import tui.cli.{path.stem}")
