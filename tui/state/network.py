"""The network: which one is loaded, and which one is being loaded."""

from __future__ import annotations

from dataclasses import dataclass

from engine.types import ListedModel, ModelInfo, ModelSettings
from engine.worker.protocol import Command, LoadModel


@dataclass(frozen=True, slots=True)
class LoadedNetwork:
    """A network that has come, and the settings that it was asked for with."""

    settings: ModelSettings
    info: ModelInfo


class NetworkView:
    """The network that the worker has, is loading, or will be asked for first.

    `loading` says whether one is waited for; `listed` are the networks that can be chosen, empty
    until the worker has told.
    """

    def __init__(self, settings: ModelSettings) -> None:
        self.loading = False
        self.listed: tuple[ListedModel, ...] = ()
        self._asked = settings
        self._loaded: LoadedNetwork | None = None

    @property
    def settings(self) -> ModelSettings:
        """Of the network that is waited for; else of the loaded one, or the one asked for last."""
        if self.loading or self._loaded is None:
            return self._asked
        return self._loaded.settings

    @property
    def info(self) -> ModelInfo | None:
        """The loaded network; the one before while another is waited for."""
        return self._loaded.info if self._loaded else None

    def label(self, index: int) -> str:
        """Name of a class."""
        if self.info and 0 <= index < len(self.info.labels):
            return self.info.labels[index]
        return f"class {index}"

    def load(self, settings: ModelSettings) -> list[Command]:
        """Ask for a network."""
        self._asked, self.loading = settings, True
        return [LoadModel(settings)]

    def take(self, info: ModelInfo) -> None:
        """The network asked for has come."""
        self._loaded, self.loading = LoadedNetwork(self._asked, info), False

    def give_up(self) -> None:
        """The network asked for does not come: the one before stays."""
        self.loading = False
