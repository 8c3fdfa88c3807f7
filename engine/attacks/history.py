"""The iterations of one attack, kept so that any of them can be visited again."""

from __future__ import annotations

from engine.attacks.base import State

LIMIT = 256 << 20
"""Bytes that the kept pictures may take: about 440 iterations of BIM at 224x224."""


class History:
    """States by step, within a bound of memory.

    Once the bound is reached every second kept state is dropped, again and again as the attack
    goes on: `nearest` then returns an earlier one, from which the pure steps lead to the wanted
    iteration in at most `stride` - 1 gradients.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self.stride = 1
        self._states: dict[int, State] = {}

    @property
    def size(self) -> int:
        """Bytes kept."""
        return sum(map(_size, self._states.values()))

    def add(self, state: State) -> None:
        """Keep a state, in main memory, if its step is due."""
        if state.step % self.stride:
            return
        memory = None if state.memory is None else state.memory.detach().cpu()
        self._states[state.step] = State(state.step, state.x.detach().cpu(), memory)
        while self.size > self.limit and len(self._states) > 2:
            self.stride *= 2
            self._states = {k: v for k, v in self._states.items() if k % self.stride == 0}

    def nearest(self, step: int) -> State:
        """The last kept state at or before `step`.

        Raises:
            KeyError: nothing was kept yet.
        """
        return self._states[max(kept for kept in self._states if kept <= step)]


def _size(state: State) -> int:
    tensors = [state.x] if state.memory is None else [state.x, state.memory]
    return sum(tensor.nelement() * tensor.element_size() for tensor in tensors)
