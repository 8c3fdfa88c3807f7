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
from pathlib import Path
from typing import Any, BinaryIO

from engine.survey.records import PictureRecord, from_json, to_json
from engine.types import UserError
from engine.types.files import write_atomically

FORMAT = "xaway-survey"
VERSION = 2
SETTINGS, ITEMS, LOCK = "settings.json", "items.jsonl", "lock"
PENDING = 1000
"""Records held in memory at most while the disk is full."""


def read_settings(folder: Path) -> dict[str, Any]:
    """The contents of a run's settings.json.

    Raises:
        UserError: not a run's folder, or of another version.
    """
    file = folder / SETTINGS
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{folder} is not a survey's folder: it has no {SETTINGS}.") from None
    except NotADirectoryError:
        raise UserError(f"{folder} is not a folder: choose another --out.") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{file} cannot be read: {error}.") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise UserError(f"{folder} is not a survey's folder: choose another --out.")
    if found.get("version") != VERSION:
        raise UserError(
            f"{folder} was written by another version of the survey ({found.get('version')}, this"
            f" is {VERSION}): choose another --out."
        )
    return found


def read_items(folder: Path) -> tuple[dict[int, PictureRecord], int, int]:
    """Records by index, the number of damaged lines, and the length in bytes of whole lines.

    A damaged line counts as not there: its item is worked on again. The last line may be cut.
    """
    records: dict[int, PictureRecord] = {}
    damaged, length = 0, 0
    try:
        with (folder / ITEMS).open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                length += len(line)
                record = _read_line(line)
                if record is None:
                    damaged += 1
                else:
                    records[record.index] = record
    except FileNotFoundError:
        pass
    except OSError as error:
        raise UserError(f"{folder / ITEMS} cannot be read: {error.strerror}.") from error
    return records, damaged, length


def _read_line(line: bytes) -> PictureRecord | None:
    try:
        check, text = line.rstrip(b"\n").split(b" ", 1)
        if _checksum(text) != check.decode():
            return None
        return from_json(json.loads(text))
    except (ValueError, KeyError, TypeError):
        return None


def _checksum(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:16]


def _line(record: PictureRecord) -> bytes:
    text = json.dumps(to_json(record), allow_nan=False, separators=(",", ":")).encode()
    return _checksum(text).encode() + b" " + text + b"\n"


class RunDir:
    """A run's folder, open for writing by this process alone. Use as a context manager.

    Args:
        folder: made where it does not exist.
        identity: everything that the numbers depend on; must equal that of an earlier session.
        about: what else to note in settings.json; kept from the first session.

    Raises:
        UserError: a foreign folder, changed settings, another version, a second writer, or a
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
                raise UserError(
                    f"{folder} is not empty and not a survey's folder: choose another --out."
                )
            self._take_lock()
            if fresh:
                found = {"format": FORMAT, "version": VERSION, "identity": identity, **about}
                text = json.dumps(found, indent=1, allow_nan=False)
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
            raise UserError(
                f"{folder} cannot be written: {error.strerror or error}; choose another --out."
            ) from error
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> RunDir:
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
            UserError: the folder cannot be written for another reason, or too much waits.
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
                raise UserError(
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

    def _check(self, identity: dict[str, Any]) -> None:
        found = read_settings(self.folder).get("identity", {})
        for name in dict.fromkeys([*identity, *found]):  # settings come before what they cause
            if found.get(name) != identity.get(name):
                was, now = (json.dumps(each.get(name)) for each in (found, identity))
                difference = f"{name} {was}, not {now}"
                if len(difference) > 200:
                    difference = f"other {name} than are asked for now"
                raise UserError(
                    f"{self.folder} was begun with {difference}: choose another --out, or the"
                    " same settings to go on."
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
            raise UserError(
                f"another process writes to {self.folder}: wait for it, or choose another --out."
            ) from error
