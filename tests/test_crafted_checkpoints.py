"""Doubts about checkpoints that somebody has made up: are they refused, soon, in one line, and never run?"""

import hashlib
import json
import os

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

from collapse_theory.learned.checkpoints import DamagedCheckpoint, load, save
from tests.test_checkpoints import checkpoint


@pytest.fixture
def three(tmp_path):
    """A folder with checkpoints of steps 1, 2 and 3."""
    for step in (1, 2, 3):
        save(tmp_path, checkpoint(step), keep=3)
    return tmp_path


def vouched(folder, **contents):
    """Write files in a checkpoint, None for none, and a manifest that vouches for all there are."""
    for name, content in contents.items():
        path = folder / name.replace("_", ".")
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
    sums = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir() if p.name != "manifest.json"}
    (folder / "manifest.json").write_text(json.dumps(sums))


def header(text, length=None):
    return (len(text) if length is None else length).to_bytes(8, "little") + text


def a_tensor(kind):
    return header(json.dumps({"a": {"dtype": kind, "shape": [1], "data_offsets": [0, 1]}}).encode()) + b"0"


def replaced_by(folder, name, make):
    (folder / name).unlink(missing_ok=True)
    make(folder / name)


CRAFTED = {
    "no step": lambda f: vouched(f, state_json=b"{}"),
    "a step as text": lambda f: vouched(f, state_json=b'{"step": "3"}'),
    "a step that is true": lambda f: vouched(f, state_json=b'{"step": true}'),
    "another step": lambda f: vouched(f, state_json=b'{"step": 2}'),
    "a state that is nested": lambda f: vouched(f, state_json=b"[" * 10**5),
    "a state of long integers": lambda f: vouched(f, state_json=b'{"step": 1' + b"0" * 5000 + b"}"),
    "a state that is too long": lambda f: vouched(f, state_json=b" " * (2**20 + 1)),
    "a state that is no text": lambda f: vouched(f, state_json=b"\xff"),
    "no state": lambda f: vouched(f, state_json=None),
    "a nested manifest": lambda f: (f / "manifest.json").write_bytes(b'{"a":' * 10**5),
    "a manifest of a surrogate": lambda f: (f / "manifest.json").write_text('{"\\ud800": "0"}'),
    "a manifest of a null byte": lambda f: (f / "manifest.json").write_text('{"a\\u0000b": "0"}'),
    "a manifest of a long name": lambda f: (f / "manifest.json").write_text(json.dumps({"a" * 10**5: "0"})),
    "a manifest of no name": lambda f: (f / "manifest.json").write_text('{"": "0"}'),
    "a manifest of numbers": lambda f: (f / "manifest.json").write_text('{"state.json": 3}'),
    "an unknown type": lambda f: vouched(f, weights_safetensors=a_tensor("F4")),
    "a type of no library": lambda f: vouched(f, weights_safetensors=a_tensor("F8_E8M0")),
    "a header beyond the file": lambda f: vouched(f, weights_safetensors=header(b"{}", 2**63)),
    "a header of megabytes": lambda f: vouched(f, weights_safetensors=header(b" " * 2**24)),
    "no header": lambda f: vouched(f, weights_safetensors=b""),
    "a pipe as weights": lambda f: replaced_by(f, "weights.safetensors", os.mkfifo),
    "a device as weights": lambda f: replaced_by(f, "weights.safetensors", lambda p: p.symlink_to("/dev/zero")),
    "a folder as weights": lambda f: replaced_by(f, "weights.safetensors", os.mkdir),
    "a link to itself": lambda f: replaced_by(f, "weights.safetensors", lambda p: p.symlink_to(p)),
    "a pipe as manifest": lambda f: replaced_by(f, "manifest.json", os.mkfifo),
    "a pipe as state": lambda f: replaced_by(f, "state.json", os.mkfifo),
    "a file with a hole": lambda f: replaced_by(f, "weights.safetensors", hollow),
}


def hollow(path):
    with open(path, "wb") as file:
        file.truncate(2**42)


@pytest.mark.parametrize("name", CRAFTED)
def test_a_crafted_checkpoint_is_refused_in_one_line_and_the_one_before_it_offered(three, name):
    CRAFTED[name](three / "step-00000003")
    with pytest.raises(
        DamagedCheckpoint, match=r"step-00000003 is damaged: .*step-00000002, is intact: resume"
    ) as caught:
        load(three)
    assert len(str(caught.value)) < 1500
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_a_latest_that_is_no_file_is_passed_over(three, make):
    replaced_by(three, "LATEST", make)
    assert load(three).step == 3


def test_what_check_refuses_is_passed_over_in_the_offer(three):
    def check(found):
        if found.step != 1:
            raise DamagedCheckpoint(f"not {found.step}")

    with pytest.raises(DamagedCheckpoint, match=r"^not 3\. The one before it, step-00000001, is intact"):
        load(three, check=check)
    assert load(three, "step-00000001", check=check).step == 1
    with pytest.raises(
        DamagedCheckpoint, match=r"weights.safetensors cannot be read \(it has [\d,]+ bytes, more than 10\)"
    ):
        load(three, most=10)
