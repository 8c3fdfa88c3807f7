"""A dialog that edits a settings record: fields, and what is wrong with them, inline."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Static

from engine.types import UserError
from tui.draw.text import safe
from tui.screens.picker import Choice, PickerScreen
from tui.widgets.choice_field import ChoiceField, PickField

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Field:
    """A row of the form. `values` makes it a choice, `choices` a pick from a list, else a text.

    `only` is a choice's name and those of its values (of which a list may hold several) with which
    the row is shown; empty: always.
    """

    name: str
    label: str
    value: str
    values: tuple[str, ...] = ()
    names: dict[str, str] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    empty: str = ""
    hint: str = ""
    only: tuple[str, tuple[str, ...]] | tuple[()] = ()

    def is_shown(self, texts: dict[str, str]) -> bool:
        """Whether the row has a use beside these."""
        if not self.only:
            return True
        chosen, values = self.only
        return any(word.strip() in values for word in texts[chosen].split(","))


class FormScreen(ModalScreen[Record | None], Generic[Record]):
    """Edit fields; enter takes them if they make a record, escape leaves.

    Args:
        title: stands on the border.
        fields: the rows.
        build: makes the record of the texts; its `UserError` is shown in the form.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back", show=False),
        Binding("enter", "accept", "Take", show=False),
        Binding("ctrl+s", "accept", "Take", show=False),
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]

    def __init__(
        self, title: str, fields: Iterable[Field], build: Callable[[dict[str, str]], Record]
    ) -> None:
        super().__init__()
        self._title_text = title
        self._fields = {one.name: one for one in fields}
        self._build = build

    def compose(self) -> ComposeResult:
        """A row a field, and the line for what is wrong."""
        with Vertical(classes="dialog", id="form") as box:
            box.border_title = self._title_text
            box.border_subtitle = "↑↓ field · enter take, on ▾ open · esc back"
            with VerticalScroll(id="fields", can_focus=False):
                for one in self._fields.values():
                    with Horizontal(classes="form-row", id=f"row-{one.name}"):
                        yield Static(one.label, classes="form-label", markup=False)
                        yield self._widget(one)
                        yield Static(one.hint, classes="form-hint", markup=False)
            yield Static("", id="wrong", markup=False)

    @staticmethod
    def _widget(one: Field) -> Widget:
        name = f"field-{one.name}"
        if one.values:
            return ChoiceField(one.values, one.names, one.value, name)
        if one.choices:
            return PickField(one.value, one.empty, name)
        return Input(one.value, placeholder=one.empty, compact=True, id=name, classes="field")

    def on_mount(self) -> None:
        """Begin at the first field."""
        self._show_rows()
        self.query(".field").first().focus()

    @property
    def texts(self) -> dict[str, str]:
        """What the fields hold now."""
        texts = {}
        for name in self._fields:
            widget = self.query_one(f"#field-{name}")
            assert isinstance(widget, Input | ChoiceField | PickField)
            texts[name] = widget.value.strip()
        return texts

    def action_accept(self) -> None:
        """Give the record, or say what is wrong."""
        if (record := self._check()) is not None:
            self.dismiss(record)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_accept()

    @on(Input.Changed)
    @on(ChoiceField.Changed)
    def _edited(self) -> None:
        self._show_rows()
        self._check()

    def _show_rows(self) -> None:
        texts = self.texts
        for one in self._fields.values():
            self.query_one(f"#row-{one.name}").display = one.is_shown(texts)

    @on(PickField.Wanted)
    def _pick(self, event: PickField.Wanted) -> None:
        target = event.field
        one = self._fields[(target.id or "").removeprefix("field-")]

        def picked(value: str | None) -> None:
            if value is not None:
                target.set(value)
                self._check()
                self.focus_next()  # so that enter takes the form, and does not ask again

        self.app.push_screen(PickerScreen(one.label, one.choices, target.value), picked)

    def _check(self) -> Record | None:
        wrong = self.query_one("#wrong", Static)
        try:
            record = self._build(self.texts)
        except UserError as error:
            wrong.update(safe(str(error)))
            return None
        wrong.update("")
        return record

    async def action_dismiss(self, result: Record | None = None) -> None:
        """Leave without a change."""
        self.dismiss(result)
