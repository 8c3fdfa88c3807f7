"""The app on a fake worker, driven through keys and read off the screen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from engine.types import (
    AttackSettings,
    ExplainSettings,
    ModelSettings,
    attack_settings,
    explain_settings,
)
from engine.worker import protocol as ev
from tui.app import XawayApp
from tui.state.remembered import State

from .fake_worker import FakeWorker


class Harness:
    """An app on a fake worker, and short names for what the tests do with it."""

    def __init__(
        self,
        paths: tuple[str, ...] = ("photos",),
        *,
        attack: AttackSettings | None = None,
        explain: ExplainSettings | None = None,
        hints: bool = True,
        state: State | None = None,
        save_folder: str = "saved",
        **worker: int | bool,
    ) -> None:
        self.app = XawayApp(
            paths,
            ModelSettings("builtin"),
            attack or attack_settings(),
            explain or explain_settings(),
            make_worker=self._make(worker),
            hints=hints,
            state=state,
            save_folder=save_folder,
        )
        self.workspace = self.app.workspace
        self.pilot: Pilot[int] | None = None

    def _make(
        self, options: dict[str, int | bool]
    ) -> Callable[[Callable[[ev.Event], None]], FakeWorker]:
        def make(emit: Callable[[ev.Event], None]) -> FakeWorker:
            self.worker = FakeWorker(emit, **options)
            return self.worker

        return make

    @asynccontextmanager
    async def open(self, width: int = 140, height: int = 44) -> AsyncIterator[Harness]:
        """Run the app until the first picture is open (or nothing is left to wait for)."""
        async with self.app.run_test(size=(width, height), notifications=True) as pilot:
            self.pilot = pilot
            if self.worker.load and self.worker.pictures:
                await self.until(lambda: self.workspace.picture.opened is not None)
            yield self

    async def press(self, *keys: str) -> None:
        """Press keys, and let the app take what the worker answered."""
        assert self.pilot is not None
        await self.pilot.press(*keys)
        self.app._drain()
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Press one key a letter."""
        await self.press(*("space" if letter == " " else letter for letter in text))

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for something that must happen; fails when it does not."""
        assert self.pilot is not None
        for _ in range(500):
            if condition():
                await self.pilot.pause()
                return
            await self.pilot.pause(0.01)
        raise AssertionError("waited in vain")

    async def explained(self) -> None:
        """Wait for the evidence that follows by itself."""
        await self.until(
            lambda: self.workspace.evidence.shown and not self.workspace.evidence_stale
        )

    def text(self, selector: str = "Screen") -> str:
        """What is on the screen within a widget."""
        widgets = self.app.screen.query(selector) if selector != "Screen" else None
        if widgets is not None and not widgets:
            return ""
        widget = widgets.first() if widgets is not None else None
        rows = self.app.screen._compositor.render_strips()
        lines = ["".join(segment.text for segment in strip) for strip in rows]
        if widget is None:
            return "\n".join(lines)
        area = widget.region
        return "\n".join(line[area.x : area.right] for line in lines[area.y : area.bottom])
