"""What is remembered survives, and a broken file never stands in the way."""

from pathlib import Path

import pytest

from engine.types import ModelSettings, UserError
from tui.state.remembered import State, load_state


def test_the_network_and_the_hints_are_remembered(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state.json"
    model = ModelSettings("mobilenet_v2", weights="m.safetensors", device="cpu")
    State(path=path).with_model(model).with_hint("play").with_hint("similar").save()
    state = load_state(path)
    assert state.model == model
    assert state.hints_used == {"play", "similar"}
    assert state.note == ""


def test_nothing_is_remembered_at_first(tmp_path: Path) -> None:
    state = load_state(tmp_path / "state.json")
    assert state == State(path=tmp_path / "state.json")


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"model": 3}', '{"model": {"name": 3}}', '{"hints_used": 3}', "\xff"],
)
def test_a_broken_file_is_ignored_with_a_note(tmp_path: Path, content: str) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(content.encode("latin-1"))
    state = load_state(path)
    assert state.model is None
    assert not state.hints_used
    assert str(path) in state.note


def test_a_save_that_fails_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.json"
    State(path=path).with_hint("play").save()

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(UserError, match=r"state\.json cannot be written: disk full"):
        State(path=path).with_hint("similar").save()
    assert load_state(path).hints_used == {"play"}
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]


def test_a_state_without_a_path_is_not_saved(tmp_path: Path) -> None:
    State().with_hint("play").save()
    assert not list(tmp_path.iterdir())
