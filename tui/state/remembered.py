"""What the app remembers from one start to the next: one small JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import platformdirs

from engine.types import ModelSettings
from engine.types.files import write_atomically


def default_path() -> Path:
    """Where the state is kept, by the platform's custom."""
    return Path(platformdirs.user_state_dir("xaway-tui", appauthor=False)) / "state.json"


@dataclass(frozen=True, slots=True)
class State:
    """Remembered settings.

    `model` is the network loaded last; `hints_used` names the hints that are never shown
    again. `path` is the file it is saved to (None: not saved), `note` says in one sentence why
    an existing file was left unread, or is empty.
    """

    model: ModelSettings | None = None
    hints_used: frozenset[str] = frozenset()
    path: Path | None = None
    note: str = ""

    def with_model(self, model: ModelSettings) -> State:
        """A copy that remembers `model`."""
        return replace(self, model=model)

    def with_hint(self, name: str) -> State:
        """A copy that never shows the hint `name` again."""
        return replace(self, hints_used=self.hints_used | {name})

    def save(self) -> None:
        """Write the file in one step, so that it is never seen half-written.

        Raises:
            UserError: the folder cannot be written.
        """
        if self.path is None:
            return
        content = {
            "model": None
            if self.model is None
            else {
                "name": self.model.name,
                "weights": self.model.weights,
                "labels": self.model.labels,
                "device": self.model.device,
            },
            "hints_used": sorted(self.hints_used),
        }
        text = json.dumps(content, indent=1)
        write_atomically(self.path, lambda file: file.write(text.encode()))


def load_state(path: Path | None = None) -> State:
    """The remembered state; an empty one, with a note, where the file cannot be understood."""
    path = path or default_path()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return State(
            model=_read_model(content.get("model")),
            hints_used=frozenset(str(name) for name in content.get("hints_used", [])),
            path=path,
        )
    except FileNotFoundError:
        return State(path=path)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        return State(path=path, note=f"The remembered settings in {path} were ignored: {error}.")


def _read_model(value: object) -> ModelSettings | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise TypeError("'model' is not an object")
    texts = {}
    for key in ("name", "weights", "labels", "device"):
        text = value.get(key)
        if text is not None and not isinstance(text, str):
            raise TypeError(f"'model.{key}' is not a text")
        if text is not None:
            texts[key] = text
    return ModelSettings(**texts)
