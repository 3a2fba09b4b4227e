"""Checkpoints that are whole or not there: tensors in safetensors, numbers in JSON, checksums in a manifest.

    FOLDER/step-00000391/weights.safetensors ..     one file a group of tensors
    FOLDER/step-00000391/state.json                 plain values
    FOLDER/step-00000391/manifest.json              the sha256 of each file
    FOLDER/LATEST                                   the name of the newest one

A checkpoint is written beside the others under another name, each file and the folder flushed to the disk, then
renamed; only then does LATEST name it. Nothing is ever unpickled.
"""

import errno
import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

__all__ = ["Checkpoint", "DamagedCheckpoint", "check_room", "load", "names", "save", "write_atomically"]

_LATEST, _MANIFEST, _STATE, _UNFINISHED = "LATEST", "manifest.json", "state.json", ".unfinished-"


class DamagedCheckpoint(ValueError):
    """A checkpoint whose files are not those that were written; the message says which, and what is intact."""


@dataclass(frozen=True)
class Checkpoint:
    """Groups of tensors by name, on the host, and plain values, after so many steps."""

    step: int
    tensors: dict[str, dict[str, torch.Tensor]]
    state: dict


def save(folder, checkpoint, *, keep=2):
    """Write a checkpoint, at once or not at all, and keep the newest `keep` up to this one.  Returns its folder.

    Checkpoints of later steps are removed: they belong to a future that is being rewritten.
    Raises OSError, saying that the earlier ones are intact, if the disk is full or fails.
    """
    folder = Path(folder)
    target = folder / f"step-{checkpoint.step:08d}"
    unfinished = folder / (_UNFINISHED + target.name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _discard(unfinished)
        unfinished.mkdir()
        _write_files(unfinished, checkpoint)
        _flush_folder(unfinished)
        _discard(target)
        os.replace(unfinished, target)
        _flush_folder(folder)
        write_atomically(folder / _LATEST, target.name)
    except OSError as error:
        _discard(unfinished)
        raise _refused(error, target, names(folder)) from error
    earlier = [name for name in names(folder) if name <= target.name]
    for name in set(names(folder)) - set(earlier[-keep:]):
        _discard(folder / name)
    return target


def names(folder):
    """The names of the checkpoints in a folder, oldest first; [] if there are none."""
    return sorted(path.name for path in Path(folder).glob("step-*") if path.is_dir())


def load(folder, name=None):
    """Read a checkpoint, the one that LATEST names by default, or None if there is none.

    Every file is compared with its checksum. Raises DamagedCheckpoint, a ValueError, naming what is damaged and the
    newest earlier one that is intact; ValueError if there is none of this name.
    """
    folder = Path(folder)
    known = names(folder)
    if name is None:
        name = _latest(folder, known)
    if name is None:
        return None
    if name not in known:
        raise ValueError(f"checkpoint: no {name!r} in {folder}; there are: {', '.join(known) or 'none'}")
    try:
        return _read(folder / name)
    except DamagedCheckpoint as error:
        raise DamagedCheckpoint(f"{error}. {_offer(folder, known[: known.index(name)])}") from None


def check_room(folder, size, count=3):
    """Raise OSError if the disk of `folder` has less room than `count` times `size` bytes."""
    free = shutil.disk_usage(folder).free
    if free < count * size:
        raise OSError(
            errno.ENOSPC,
            f"the disk of {folder} has {free / 2**20:.0f} MiB free; {count} checkpoints of {size / 2**20:.0f} MiB are "
            "needed, two that are kept and the one being written",
        )


def write_atomically(path, text):
    """Write a text file, at once or not at all, also if the machine stops."""
    unfinished = path.with_name(_UNFINISHED + path.name)
    _write(unfinished, text.encode())
    os.replace(unfinished, path)
    _flush_folder(path.parent)


def _write_files(folder, checkpoint):
    contents = {f"{name}.safetensors": save_tensors(_on_host(group)) for name, group in checkpoint.tensors.items()}
    contents[_STATE] = json.dumps({"step": checkpoint.step, **checkpoint.state}, indent=1).encode()
    manifest = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    contents[_MANIFEST] = json.dumps(manifest, indent=1).encode()
    for name, content in contents.items():
        _write(folder / name, content)


def _on_host(group):
    # Copies: two names of one tensor would be refused.
    return {name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format) for name, tensor in group.items()}


def _read(folder):
    manifest = _parsed(folder, _contents(folder, _MANIFEST), _MANIFEST)
    files = {name: _contents(folder, name) for name in manifest}
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != manifest[name]:
            raise DamagedCheckpoint(f"checkpoint {folder} is damaged: {name} is not the file that was written")
    if _STATE not in files:
        raise DamagedCheckpoint(f"checkpoint {folder} is damaged: {_MANIFEST} does not list {_STATE}")
    state = _parsed(folder, files.pop(_STATE), _STATE)
    try:
        tensors = {name.removesuffix(".safetensors"): load_tensors(content) for name, content in files.items()}
    except SafetensorError as error:
        raise DamagedCheckpoint(f"checkpoint {folder} is damaged: {', '.join(files)}: {error}") from None
    return Checkpoint(state.pop("step"), tensors, state)


def _contents(folder, name):
    try:
        return (folder / Path(name).name).read_bytes()
    except OSError as error:
        raise DamagedCheckpoint(f"checkpoint {folder} is damaged: {name} cannot be read ({error.strerror})") from None


def _parsed(folder, content, name):
    try:
        parsed = json.loads(content)
    except ValueError as error:
        raise DamagedCheckpoint(f"checkpoint {folder} is damaged: {name} is no JSON ({error})") from None
    if not isinstance(parsed, dict):
        raise DamagedCheckpoint(f"checkpoint {folder} is damaged: {name} is no table")
    return parsed


def _latest(folder, known):
    """What LATEST names; the newest one if the machine stopped between the renaming and LATEST."""
    try:
        name = (folder / _LATEST).read_text().strip()
    except (OSError, UnicodeDecodeError):
        name = None
    return name if name in known else (known[-1] if known else None)


def _offer(folder, earlier):
    for name in reversed(earlier):
        try:
            _read(folder / name)
        except DamagedCheckpoint:
            continue
        return f"The one before it, {name}, is intact: resume from it by name"
    return "No earlier one is intact: start again in another folder"


def _refused(error, target, intact):
    room = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror
    kept = f"intact: {', '.join(intact)}" if intact else "there is none before it"
    return OSError(error.errno, f"checkpoint {target} could not be written: {room}; {kept}")


def _write(path, content):
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder):
    """Flush the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _discard(folder):
    shutil.rmtree(folder, ignore_errors=True)
