"""The first paint waits for nothing heavy."""

import subprocess
import sys

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
