"""Shared by all tests: where real photographs may lie, and small networks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def imagenet() -> Path:
    """Folder with real photographs and a real MobileNetV2; skips where there is none."""
    folder = Path(os.environ.get("XAWAY_IMAGENET", ROOT.parent / "shared" / "imagenet"))
    if not (folder / "mobilenet_v2.safetensors").exists():
        pytest.skip(f"no real photographs and network in {folder} (set XAWAY_IMAGENET)")
    return folder


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a test remembers or logs lands in the user's own folders."""
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
