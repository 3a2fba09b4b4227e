"""Checkpoints that are whole or not there: tensors in safetensors, numbers in JSON, checksums in a manifest.

    FOLDER/step-00000391/weights.safetensors ..     one file a group of tensors
    FOLDER/step-00000391/state.json                 plain values
    FOLDER/step-00000391/manifest.json              the sha256 of each file
    FOLDER/LATEST                                   the name of the newest one

A checkpoint is written beside the others under another name, each file and the folder flushed to the disk, then
renamed; only then does LATEST name it. Nothing is ever unpickled, and of no file is more read than it may have.
"""

import errno
import hashlib
import json
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from ..files import (
    UNFINISHED,
    bounded_bytes,
    discard,
    flush_folder,
    reason,
    saying,
    tidy,
    write_atomically,
    write_flushed,
)

__all__ = [
    "Checkpoint",
    "DamagedCheckpoint",
    "check_room",
    "damaged",
    "go_back",
    "load",
    "name_of",
    "names",
    "on_host",
    "save",
    "settle",
]

_LATEST, _MANIFEST, _STATE, _REPLACED = "LATEST", "manifest.json", "state.json", ".replaced-"
_MOST_TEXT, _MOST_HEADER = 2**20, 2**23  # bytes of a JSON file, and of the table of contents of a file of tensors


class DamagedCheckpoint(ValueError):
    """A checkpoint whose files are not those that were written; the message says which, and what is intact."""


@dataclass(frozen=True)
class Checkpoint:
    """What a run needs to resume.

    step : number of steps done
    tensors : groups of tensors by name, on the host, such as the weights
    state : plain values
    """

    step: int
    tensors: dict[str, dict[str, torch.Tensor]]
    state: dict


def save(folder, checkpoint, *, keep=2):
    """Write a checkpoint atomically, and keep the newest `keep` up to this one.  Returns its folder.

    folder : Path or text, made if need be
    checkpoint : Checkpoint

    Checkpoints of later steps are removed: they belong to a future that is being rewritten.
    Raises OSError, saying that the earlier ones are intact, if the disk is full or fails.
    """
    folder = Path(folder)
    target = folder / name_of(checkpoint.step)
    unfinished = folder / (UNFINISHED + target.name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        settle(folder)
        unfinished.mkdir()
        _write_files(unfinished, checkpoint)
        flush_folder(unfinished)
        if target.exists():
            os.replace(target, folder / (_REPLACED + target.name))
        os.replace(unfinished, target)
        flush_folder(folder)
        write_atomically(folder / _LATEST, target.name)
    except OSError as error:
        with suppress(OSError):
            settle(folder)
        raise _refused(error, target, names(folder)) from error
    _keep(folder, target.name, keep)
    settle(folder)  # what was in its place is no longer needed
    return target


def go_back(folder, name):
    """Make this checkpoint the newest, atomically: LATEST names it, then those of later steps are removed.

    Raises OSError, naming the file, if LATEST cannot be written.
    """
    folder = Path(folder)
    if _named_by_latest(folder) != name:
        write_atomically(folder / _LATEST, name)
    _keep(folder, name, len(names(folder)))


def settle(folder):
    """Remove what a killed process left unfinished in a folder of checkpoints, and put back what it had set aside."""
    for aside in Path(folder).glob(f"{_REPLACED}*"):
        target = aside.with_name(aside.name.removeprefix(_REPLACED))
        if target.exists():
            discard(aside)
        else:
            os.replace(aside, target)
    tidy(folder)
    latest = Path(folder) / _LATEST
    if latest.is_dir() and not latest.is_symlink():
        with saying(f"{latest} is a folder, and not a file; it could not be removed"):
            latest.rmdir()


def name_of(step):
    """The name of the checkpoint after so many steps."""
    return f"step-{step:08d}"


def names(folder):
    """The names of the checkpoints in a folder, oldest first; [] if there are none."""
    found = {path.name.removeprefix(_REPLACED) for path in Path(folder).glob("*step-*") if path.is_dir()}
    return sorted((name for name in found if re.fullmatch(r"step-[0-9]{8,20}", name)), key=_step_of)


def load(folder, name=None, *, check=None, most=2**33):
    """Read a checkpoint; every file is compared with its checksum.

    folder : that holds the checkpoints, FOLDER/checkpoints of a run
    name : of the checkpoint; None for the one that LATEST names
    check : function that is called with the checkpoint, and may raise DamagedCheckpoint; None for none
    most : most bytes that its files have together

    Returns a `Checkpoint`, or None if `name` is None and the folder holds none.
    Raises DamagedCheckpoint, a ValueError, naming what is damaged and the newest earlier one that is intact; ValueError
    if there is none of this name.
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
        return _checked(folder, name, check, most)
    except DamagedCheckpoint as error:
        raise DamagedCheckpoint(f"{error}. {_offer(folder, known[: known.index(name)], check, most)}") from None


def check_room(folder, size, count=3):
    """Raise OSError if the disk of `folder` has less room than `count` times `size` bytes."""
    free = shutil.disk_usage(folder).free
    if free < count * size:
        raise OSError(
            errno.ENOSPC,
            f"the disk of {folder} has {free / 2**20:.0f} MiB free; {count} checkpoints of {size / 2**20:.0f} MiB are "
            "needed, two that are kept and the one being written",
        )


def _step_of(name):
    return int(name.removeprefix("step-"))


def _keep(folder, newest, count):
    """Remove all checkpoints but the newest `count` up to this one."""
    known = names(folder)
    earlier = [name for name in known if _step_of(name) <= _step_of(newest)]
    for name in set(known) - set(earlier[-count:]):
        discard(folder / name)


def _write_files(folder, checkpoint):
    contents = {f"{name}.safetensors": save_tensors(on_host(group)) for name, group in checkpoint.tensors.items()}
    contents[_STATE] = json.dumps({"step": checkpoint.step, **checkpoint.state}, indent=1).encode()
    manifest = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    contents[_MANIFEST] = json.dumps(manifest, indent=1).encode()
    for name, content in contents.items():
        write_flushed(folder / name, content)


def on_host(group):
    """Copies on the host: of two names of one tensor too, which would be refused."""
    return {name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format) for name, tensor in group.items()}


def _checked(folder, name, check, most):
    """The checkpoint, once it is known to be whole and to be what `check` wants."""
    path = folder / name
    checkpoint = _read(path if path.exists() else folder / (_REPLACED + name), most)
    if checkpoint.step != _step_of(name):
        raise damaged(path, f"it is of step {checkpoint.step}")
    if check is not None:
        check(checkpoint)
    return checkpoint


def damaged(path, why):
    """The error for a checkpoint that is not what was written, in one short line."""
    why = " ".join(str(why).split())
    return DamagedCheckpoint(f"checkpoint {path} is damaged: {why if len(why) <= 300 else why[:297] + '...'}")


def _read(folder, most):
    manifest = _parsed(folder, _contents(folder, _MANIFEST, _MOST_TEXT), _MANIFEST)
    files = {}
    for name, checksum in manifest.items():
        files[name] = _contents(folder, name, _MOST_TEXT if name == _STATE else most)
        most -= len(files[name])
        if hashlib.sha256(files[name]).hexdigest() != checksum:
            raise damaged(folder, f"{name} is not the file that was written")
    if _STATE not in files:
        raise damaged(folder, f"{_MANIFEST} does not list {_STATE}")
    state = _parsed(folder, files.pop(_STATE), _STATE)
    step = state.pop("step", None)
    if type(step) is not int:
        raise damaged(folder, f"{_STATE} has {step!r} as its step")
    return Checkpoint(step, {n.removesuffix(".safetensors"): _tensors(folder, n, c) for n, c in files.items()}, state)


def _contents(folder, name, most):
    try:
        if Path(name).name != name:
            raise OSError(errno.EINVAL, "it is not in the folder")
        return bounded_bytes(folder / name, most)
    except OSError as error:
        raise damaged(folder, f"{ascii(name[:100])[1:-1]} cannot be read ({error.strerror})") from None


def _parsed(folder, content, name):
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise damaged(folder, f"{name} is no JSON ({error})") from None
    if not isinstance(parsed, dict):
        raise damaged(folder, f"{name} is no table")
    return parsed


def _tensors(folder, name, content):
    length = int.from_bytes(content[:8], "little")
    if length > _MOST_HEADER:
        raise damaged(folder, f"{name} begins with a table of {length} bytes, more than {_MOST_HEADER}")
    try:
        return load_tensors(content)
    except Exception as error:  # of whatever kind: these bytes may be anybody's
        raise damaged(folder, f"{name} holds no tensors ({error!r})") from None


def _named_by_latest(folder):
    try:
        return bounded_bytes(folder / _LATEST, 1000).decode().strip()
    except (OSError, UnicodeDecodeError):
        return None


def _latest(folder, known):
    """What LATEST names; the newest one if the machine stopped between the renaming and LATEST."""
    name = _named_by_latest(folder)
    return name if name in known else (known[-1] if known else None)


def _offer(folder, earlier, check, most):
    for name in reversed(earlier):
        try:
            _checked(folder, name, check, most)
        except DamagedCheckpoint:
            continue
        return f"The one before it, {name}, is intact: resume from it with checkpoint={name!r} (--checkpoint {name})"
    return "No earlier one is intact: start again in another folder"


def _refused(error, target, intact):
    kept = f"intact: {', '.join(intact)}" if intact else "there is none before it"
    return OSError(error.errno, f"checkpoint {target} could not be written: {reason(error)}; {kept}")
