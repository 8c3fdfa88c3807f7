"""Weights on disk and from the network: read without executing pickles, fetched once.

Published weights live in torch's own cache (`torch.hub.get_dir()/checkpoints`), so that nothing
that another program has downloaded is downloaded again.
"""

from __future__ import annotations

import hashlib
import pickle
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse

import torch
from torch import Tensor

from engine.types import BadFolder, BadWeights

CHUNK = 1 << 18
"""Bytes read between two looks at the clock: a cancel acts within one chunk."""


def cache_folder() -> Path:
    """Where torch keeps downloaded weights."""
    return Path(torch.hub.get_dir()) / "checkpoints"


def cached_file(url: str) -> Path:
    """Where the weights behind `url` are, or will be."""
    return cache_folder() / Path(urlparse(url).path).name


def download(url: str, destination: Path) -> Iterator[tuple[int, int]]:
    """Fetch `url`, yielding (bytes so far, bytes in all; 0 unknown) after every chunk.

    An interrupted download leaves `destination` + `.part` and is resumed. The first eight or
    more hexadecimal digits that torch puts into its file names are checked against SHA-256.

    Raises:
        BadWeights: no connection, a server's refusal, or a wrong checksum.
        BadFolder: `destination` cannot be written, as on a full disk.
    """
    part = destination.with_name(destination.name + ".part")
    by_hand = f"download {url} on another machine and give it with --weights FILE"
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        have = part.stat().st_size if part.exists() else 0
        request = urllib.request.Request(url, headers={"User-Agent": "xaway-tui"})
        if have:
            request.add_header("Range", f"bytes={have}-")
        try:
            response = urllib.request.urlopen(request, timeout=20)
        except urllib.error.HTTPError as error:
            if error.code != 416:  # the part is complete already: only its name is missing
                raise
            response = None
        if response is not None:
            with response:
                if response.status != 206:
                    have = 0
                total = have + int(response.headers.get("Content-Length") or 0)
                with part.open("ab" if have else "wb") as file:
                    while chunk := response.read(CHUNK):
                        file.write(chunk)
                        have += len(chunk)
                        yield have, total
                if total and have < total:
                    raise BadWeights(
                        f"the download of {url} broke off at {have} of {total} bytes: load the"
                        " model again to resume it."
                    )
    except urllib.error.HTTPError as error:
        raise BadWeights(f"{url} answered {error.code} {error.reason}: {by_hand}.") from error
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise BadWeights(f"the weights cannot be fetched ({reason}): {by_hand}.") from error
    except OSError as error:
        raise BadFolder(f"{part} cannot be written: {error.strerror or error}.") from error
    expected = re.search(r"-([0-9a-f]{8,})\.", destination.name)
    if expected and not _sha256(part).startswith(expected.group(1)):
        part.unlink()
        raise BadWeights(f"the download of {url} does not match its checksum: load it again.")
    part.replace(destination)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Tensors by name from `.safetensors`, or from `.pth`/`.pt` without executing pickles.

    A checkpoint's `state_dict` or `model` entry is unwrapped, and `module.` taken off the names.

    Raises:
        BadWeights: missing, damaged, or not a plain state dict.
    """
    if not path.is_file():
        raise BadWeights(f"{path} does not exist: check --weights.")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            contents: object = load_file(path)
        else:
            contents = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise BadWeights(
            f"{path} holds more than plain tensors and is not loaded, since that could run code:"
            " save its state_dict() as .safetensors."
        ) from error
    except Exception as error:  # safetensors and torch raise many kinds for damaged files
        raise BadWeights(f"{path} cannot be read as weights: {_first_line(error)}.") from error
    for wrapper in ("state_dict", "model"):
        if isinstance(contents, dict) and isinstance(contents.get(wrapper), dict):
            contents = contents[wrapper]
    if not isinstance(contents, dict) or not all(isinstance(v, Tensor) for v in contents.values()):
        raise BadWeights(f"{path} does not hold a state dict: save model.state_dict().")
    return {
        str(name).removeprefix("module."): tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in contents.items()
    }


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


def check_fit(have: dict[str, Tensor], wanted: dict[str, Tensor], source: str, name: str) -> None:
    """Refuse a state dict whose names or shapes are not those of the network `name`.

    `have` is what the file `source` holds, `wanted` the network's own.

    Raises:
        BadWeights: names the first keys that are missing, not known, or of another shape.
    """
    problems = []
    # Batch counters are absent from old files and mean nothing in evaluation mode.
    missing = [k for k in wanted if k not in have and not k.endswith("num_batches_tracked")]
    extra = [key for key in have if key not in wanted]
    shapes = [key for key in wanted if key in have and have[key].shape != wanted[key].shape]
    if missing:
        problems.append(f"missing {_some(missing)}")
    if extra:
        problems.append(f"unknown {_some(extra)}")
    if shapes:
        key = shapes[0]
        more = f" and {len(shapes) - 1} more" if len(shapes) > 1 else ""
        problems.append(
            f"{key} is {tuple(have[key].shape)} instead of {tuple(wanted[key].shape)}{more}"
        )
    if problems:
        raise BadWeights(f"{source} does not fit {name}: {'; '.join(problems)}.")


def _some(keys: list[str]) -> str:
    shown = ", ".join(keys[:2])
    return f"{shown} and {len(keys) - 2} more" if len(keys) > 2 else shown
