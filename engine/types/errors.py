# ruff: noqa: N818  (callers write `except BadPicture`; the base says that it is an error)
"""Errors that the user can put right, as a small tree that callers can tell apart.

The message of each is one sentence: what, which file or setting, and what to do.
"""

from __future__ import annotations


class UserError(Exception):
    """Something the user can put right; raised itself where no class below fits."""


class BadSetting(UserError):
    """A setting out of range, unknown, or at odds with another one or with the network."""


class UnknownClass(UserError):
    """A class, by name or index, that the network does not have."""


class UnknownLayer(UserError):
    """A layer that the network does not have."""


class UnknownNetwork(UserError):
    """The name of no network that can be loaded."""


class NoDevice(UserError):
    """A device that this machine does not have."""


class OutOfMemory(UserError):
    """The device cannot hold even the smallest piece of the work."""


class NotFinite(UserError):
    """The network gives a value or a gradient that is infinite or not a number."""


class BadWeights(UserError):
    """Weights that cannot be fetched or read, or do not fit the network."""


class BadLabels(UserError):
    """A list of class names that is missing, has another form, or another length."""


class BadPicture(UserError):
    """A picture that is missing, cannot be decoded, or does not fit the network."""


class BadBackground(UserError):
    """No background pictures, none that can be read, or of another size than the picture."""


class BadFolder(UserError):
    """A path that does not exist, holds no pictures, or cannot be read or written."""


class BadRunFolder(UserError):
    """A survey's folder that is none, belongs to other settings, or cannot be read or written."""
