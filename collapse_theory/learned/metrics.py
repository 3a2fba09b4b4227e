"""The metrics of a run: one JSON object per line, each with a checksum of itself and of all lines before it.

    chain_0 = of what the run is,   chain_n = the first 32 digits of sha256(chain_{n−1} + line n)

A line is the object as JSON with `"chain": chain_n` as its last entry. A checkpoint holds how many lines there were and
the last chain: so a line that was changed, cut, left out, or comes from another run, is detected.
"""

import hashlib
import json
import os

from ..files import bounded_bytes, reason, saying, write_atomically
from .checkpoints import DamagedCheckpoint

__all__ = ["Metrics"]

_MOST = 2**32  # bytes of the file
_KEY = ', "chain": "'


class Metrics:
    """The lines of one run.

    path : of the file
    start : text that says what the run is
    """

    def __init__(self, path, start):
        self.path, self._start, self._file = path, _link("", start), None
        self.count, self.chain = 0, self._start

    def verified(self, count, chain):
        """The first so many lines, as bytes.

        Raises DamagedCheckpoint, naming the file and the line, if they are not those that end in this chain.
        """
        return self._verified(self._contents(), count, chain)

    def _verified(self, contents, count, chain):
        lines = contents.split(b"\n")[:count]
        here = self._start
        for number, line in enumerate(lines, 1):
            if not line and number == len(lines):
                break  # what follows the end of the last line
            here = _link_of(line, here)
            if here is None:
                raise DamagedCheckpoint(f"{self.path} is damaged: line {number} is not the line that was written")
        found = sum(map(bool, lines))
        if found < count:
            raise DamagedCheckpoint(f"{self.path} is damaged: it has {found} lines, of {count} that were written")
        if here != chain:
            raise DamagedCheckpoint(f"{self.path} and the checkpoint are not of one run")
        return lines

    def start(self, count=0, chain=None):
        """Keep the first so many lines, drop what a stopped run wrote after them, and append from there.

        Raises as `verified`; OSError, naming the file, if it cannot be written.
        """
        contents = self._contents()
        lines = self._verified(contents, count, self._start if chain is None else chain)
        kept = b"".join(line + b"\n" for line in lines)
        if kept != contents or not count:
            write_atomically(self.path, kept.decode())
        self._file = open(self.path, "ab", buffering=0)  # noqa: SIM115
        self.count, self.chain = count, chain or self._start

    def append(self, line):
        """Append one dict of plain values, with its "step" and its "kind".  Raises OSError that names the file."""
        body = json.dumps(line)
        chain = _link(self.chain, body)
        text = memoryview(f'{body[:-1]}{_KEY}{chain}"}}\n'.encode())
        with saying(f"{self.path} could not be written"):
            while text:  # a disk that fills takes less than it is given, and then refuses
                text = text[self._file.write(text) :]
        self.count, self.chain = self.count + 1, chain

    def flush(self):
        """Flush the lines to the disk: a checkpoint must not be newer than they are.  Raises as `append`."""
        with saying(f"{self.path} could not be written"):
            os.fsync(self._file.fileno())

    def read(self):
        """The lines written so far, as dicts without their checksums.  Raises as `verified`."""
        return [_parsed(line) for line in self.verified(self.count, self.chain)]

    def close(self):
        """Close the file: no line can be appended any more."""
        if self._file is not None:
            self._file.close()

    def _contents(self):
        try:
            return bounded_bytes(self.path, _MOST)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise DamagedCheckpoint(f"{self.path} cannot be read: {reason(error)}") from None


def _link(before, body):
    return hashlib.sha256((before + body).encode()).hexdigest()[:32]


def _link_of(line, before):
    """The checksum at the end of a line, if it is right after the one of the line before, and the line a dict."""
    try:
        body, _, end = line.decode().rpartition(_KEY)
        chain = _link(before, body + "}")
        return chain if end == f'{chain}"}}' and type(_parsed(line).get("step")) is int else None
    except (ValueError, AttributeError, RecursionError):
        return None


def _parsed(line):
    parsed = json.loads(line)
    parsed.pop("chain")
    return parsed
