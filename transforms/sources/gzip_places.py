"""A gzip's bytes from any place on, without unpacking all that stands before it.

While the file is gone through once, the state of the decompressor is kept now and then (some 40 kB
each); whoever reads from a place takes the state before it and goes on from there.
"""

from __future__ import annotations

import io
import zlib
from bisect import bisect_right
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

STATES = 256  # that are kept at most: 10 MB
APART = 1 << 20  # unpacked bytes between two of them, in a file that is not long
_TAKEN = 1 << 14  # packed bytes at once, which a state may hold too
_GZIP = zlib.MAX_WBITS | 16


@dataclass(frozen=True, slots=True)
class _State:
    at: int  # unpacked bytes so far
    taken: int  # packed ones that the decompressor has been given
    unpacker: zlib._Decompress


@dataclass(slots=True)
class Places:
    """States of the decompressor, in the order of the file."""

    states: list[_State] = field(default_factory=list)
    apart: int = APART

    def keep(self, state: _State) -> None:
        """Keep a state, where the last one is far enough away; every other one, when they are too many."""
        if self.states and state.at < self.states[-1].at + self.apart:
            return
        self.states.append(_State(state.at, state.taken, state.unpacker.copy()))
        if len(self.states) > STATES:
            self.states, self.apart = self.states[::2], self.apart * 2

    def before(self, at: int) -> _State:
        """The last state that is not behind `at`."""
        number = bisect_right(self.states, at, key=attrgetter("at"))
        return self.states[number - 1] if number else _State(0, 0, zlib.decompressobj(_GZIP))


class Unpacked(io.RawIOBase):
    """The unpacked bytes of a gzip file; with `keeping`, places are added on the way.

    Raises zlib.error and EOFError when it is damaged or cut off.
    """

    def __init__(self, path: Path, places: Places, *, keeping: bool = False) -> None:
        self.file = path.open("rb")
        self.places = places
        self.keeping = keeping
        self._take_up(places.before(0))

    def _take_up(self, state: _State) -> None:
        self.file.seek(state.taken)
        self.state = _State(state.at, state.taken, state.unpacker.copy())

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is, but for the end."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """The next bytes; none at the end."""
        state = self.state
        while True:
            unpacker, taken = state.unpacker, state.taken
            given = unpacker.unconsumed_tail
            if unpacker.eof:
                given = unpacker.unused_data or self.file.read(_TAKEN)
                taken += len(given) - len(unpacker.unused_data)
                given = given.lstrip(b"\0")  # padding
                if not given:
                    return 0
                unpacker = zlib.decompressobj(_GZIP)
            elif not given:
                given = self.file.read(_TAKEN)
                taken += len(given)
            data = unpacker.decompress(given, len(buffer))
            if not data and not given and not unpacker.eof:
                raise EOFError("it ends too early")
            state = self.state = _State(state.at + len(data), taken, unpacker)
            if data:
                buffer[: len(data)] = data
                if self.keeping:
                    self.places.keep(state)
                return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Forward by unpacking, from the nearest place before."""
        if whence == io.SEEK_END:
            raise io.UnsupportedOperation("the end of a gzip file is not known")
        target = offset + (self.state.at if whence == io.SEEK_CUR else 0)
        place = self.places.before(target)
        if target < self.state.at or place.at > self.state.at:
            self._take_up(place)
        waste = memoryview(bytearray(_TAKEN))
        while (left := target - self.state.at) > 0 and self.readinto(waste[:left]):
            pass
        return self.state.at

    def close(self) -> None:
        """The file below too."""
        if not self.closed:
            self.file.close()
        super().close()
