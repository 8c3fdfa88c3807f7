"""A run's folder: settings that do not change, and finished items that are never lost.

Items are lines of JSON, each with the checksum of its text, appended and synced to disk before
they are counted. Lines rather than a database: appending is all that is ever done, a line cut by a
crash is told by its checksum, anyone can read the file, and it survives network drives on which
databases cannot lock.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from engine.surveys.identity import Identity, difference
from engine.surveys.records import PictureRecord, from_json, to_json
from engine.surveys.upgrade import OLD, upgraded_identity, upgraded_item, upgraded_summary
from engine.types import BadRunFolder
from engine.types.files import write_atomically

FORMAT = "xaway-survey"
VERSION = 3
SETTINGS, ITEMS, SUMMARY, LOCK = "settings.json", "items.jsonl", "summary.json", "lock"
PENDING = 1000
"""Records held in memory at most while the disk is full."""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What a run's settings.json says; `numbered` are the explanations' names of an old one."""

    identity: Identity
    numbered: tuple[str, ...] = ()


def read_settings(folder: Path) -> RunSettings:
    """The identity of a run, whichever version has begun it.

    Raises:
        BadRunFolder: not a run's folder, or of an unknown version.
    """
    file = folder / SETTINGS
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadRunFolder(f"{folder} is not a survey's folder: it has no {SETTINGS}.") from None
    except NotADirectoryError:
        raise BadRunFolder(f"{folder} is not a folder: choose another --out.") from None
    except (OSError, ValueError) as error:
        raise BadRunFolder(f"{file} cannot be read: {error}.") from error
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise BadRunFolder(f"{folder} is not a survey's folder: choose another --out.")
    if plain.get("version") not in (OLD, VERSION):
        raise BadRunFolder(
            f"{folder} was written by another version of the survey ({plain.get('version')}, this"
            f" is {VERSION}): choose another --out."
        )
    try:
        if plain["version"] == OLD:
            return RunSettings(*upgraded_identity(plain["identity"]))
        return RunSettings(plain["identity"])
    except (KeyError, TypeError, IndexError) as error:
        raise BadRunFolder(f"{file} is damaged ({error}): choose another --out.") from error


def read_summary(folder: Path) -> dict[str, Any]:
    """The contents of a run's summary.json, as of the present version.

    Raises:
        BadRunFolder: not a run's folder, without a summary, or of an unknown version.
    """
    read_settings(folder)
    file = folder / SUMMARY
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadRunFolder(
            f"{folder} has no {SUMMARY} yet: run its survey again until it ends or is stopped."
        ) from None
    except (OSError, ValueError) as error:
        raise BadRunFolder(f"{file} cannot be read: {error}.") from error
    try:
        summary: dict[str, Any] = upgraded_summary(plain) if plain["version"] == OLD else plain
        return summary
    except (KeyError, TypeError, IndexError) as error:
        raise BadRunFolder(f"{file} is not a survey's summary.") from error


def read_items(folder: Path) -> tuple[dict[int, PictureRecord], int, int]:
    """Records by index, the number of damaged lines, and the length in bytes of whole lines.

    A damaged line counts as not there: its item is worked on again. The last line may be cut. Lines
    of the old version may be followed by those of this one.

    Raises:
        BadRunFolder: not a run's folder, unreadable, or with other statistics than its settings.
    """
    records: dict[int, PictureRecord] = {}
    damaged, length = 0, 0
    settings = read_settings(folder)
    try:
        with (folder / ITEMS).open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                length += len(line)
                record = _read_line(line, settings.numbered)
                if record is None:
                    damaged += 1
                else:
                    records[record.index] = record
    except FileNotFoundError:
        pass
    except OSError as error:
        raise BadRunFolder(f"{folder / ITEMS} cannot be read: {error.strerror}.") from error
    for figures in (one for record in records.values() for one in record.clean.values()):
        if figures.statistics.keys() != set(settings.identity["statistics"]):
            raise BadRunFolder(f"{folder} was begun with other statistics: choose another --out.")
    return records, damaged, length


def _read_line(line: bytes, numbered: Sequence[str]) -> PictureRecord | None:
    try:
        check, text = line.rstrip(b"\n").split(b" ", 1)
        if _checksum(text) != check.decode():
            return None
        plain = json.loads(text)
        return from_json(upgraded_item(plain, numbered) if "fixed" in plain else plain)
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def _checksum(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:16]


def _line(record: PictureRecord) -> bytes:
    text = json.dumps(to_json(record), allow_nan=False, separators=(",", ":")).encode()
    return _checksum(text).encode() + b" " + text + b"\n"


class RunFolder:
    """A run's folder, open for writing by this process alone. Use as a context manager.

    Args:
        folder: made where it does not exist.
        identity: everything that the numbers depend on; must equal that of an earlier session.
        about: what else to note in settings.json; kept from the first session.

    Raises:
        BadRunFolder: a foreign folder, changed settings, another version, a second writer, or a
            folder that cannot be written.
    """

    def __init__(self, folder: Path, identity: dict[str, Any], about: dict[str, Any]) -> None:
        self.folder = folder
        self.records: dict[int, PictureRecord] = {}
        self.note = ""
        self._pending: list[PictureRecord] = []
        self._lock: BinaryIO | None = None
        self._file: BinaryIO | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            fresh = not (folder / SETTINGS).exists()
            if fresh and any(entry.name != LOCK for entry in folder.iterdir()):
                raise BadRunFolder(
                    f"{folder} is not empty and not a survey's folder: choose another --out."
                )
            self._take_lock()
            if fresh:
                plain = {"format": FORMAT, "version": VERSION, "identity": identity, **about}
                text = json.dumps(plain, indent=1, allow_nan=False)
                write_atomically(folder / SETTINGS, lambda file: file.write(text.encode()))
            else:
                self._check(identity)
            self.records, damaged, length = read_items(folder)
            if damaged:
                self.note = f"{damaged} damaged lines of {folder / ITEMS} are worked on again"
            self._file = (folder / ITEMS).open("ab")
            self._file.truncate(length)
        except OSError as error:
            self.close()
            raise BadRunFolder(
                f"{folder} cannot be written: {error.strerror or error}; choose another --out."
            ) from error
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files; another process may write then."""
        for file in (self._file, self._lock):
            if file is not None:
                file.close()
        self._file = self._lock = None

    @property
    def pending(self) -> int:
        """Finished records that could not be written yet."""
        return len(self._pending)

    def add(self, records: Sequence[PictureRecord]) -> None:
        """Append records that are not there yet; those on disk are then in `records`.

        A full disk is noted and the records are kept for the next call.

        Raises:
            BadRunFolder: the folder cannot be written for another reason, or too much waits.
        """
        known = {record.index for record in self._pending} | self.records.keys()
        self._pending += [record for record in records if record.index not in known]
        assert self._file is not None
        length = os.fstat(self._file.fileno()).st_size
        try:
            for record in self._pending:
                self._write(_line(record))
            self._sync()
        except OSError as error:
            self._cut(length)
            if error.errno not in (errno.ENOSPC, errno.EDQUOT) or len(self._pending) > PENDING:
                raise BadRunFolder(
                    f"{self.folder / ITEMS} cannot be written: {error.strerror or error}; what is"
                    " on disk is kept, run the same command again to go on."
                ) from error
            self.note = f"the disk is full: {len(self._pending)} finished pictures wait for space"
            return
        if self._pending and self.note.startswith("the disk"):
            self.note = "the disk was full for a while; nothing was lost"
        self.records |= {record.index: record for record in self._pending}
        self._pending = []

    def _write(self, line: bytes) -> None:
        assert self._file is not None
        self._file.write(line)

    def _sync(self) -> None:
        assert self._file is not None
        self._file.flush()
        os.fsync(self._file.fileno())

    def _cut(self, length: int) -> None:
        """Forget a half-written line; the buffer of the old file object goes with it."""
        assert self._file is not None
        descriptor = os.dup(self._file.fileno())
        with suppress(OSError):  # it still tries to write what did not fit
            self._file.close()
        os.ftruncate(descriptor, length)
        os.close(descriptor)
        self._file = (self.folder / ITEMS).open("ab")

    def _check(self, identity: Identity) -> None:
        changed = difference(read_settings(self.folder).identity, identity)
        if changed:
            raise BadRunFolder(
                f"{self.folder} was begun with {changed}: choose another --out, or the same"
                " settings to go on."
            )

    def _take_lock(self) -> None:
        self._lock = (self.folder / LOCK).open("ab")
        try:
            try:
                import fcntl

                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except ImportError:  # Windows
                import msvcrt

                msvcrt.locking(self._lock.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError as error:
            raise BadRunFolder(
                f"another process writes to {self.folder}: wait for it, or choose another --out."
            ) from error
