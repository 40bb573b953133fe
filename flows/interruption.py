"""A run that is interrupted ends with one line and exit code 130 (143 for SIGTERM), whenever the signal comes.

Light: it is imported before anything else, so that the rest can be interrupted while it is imported.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

WORDS = b"tieline: interrupted; nothing is lost, run again\n"
SIGNALS = (signal.SIGINT, signal.SIGTERM)
GRACE = 20.0  # seconds; Prefect's own way out takes some
_ALSO: list[Callable[[], None]] = []
_CAME: list[int] = []  # not told from the handler: Prefect puts back the one that it found


class Interrupted(KeyboardInterrupt):
    """Somebody wants the program to end.

    No plain KeyboardInterrupt: where one passes through an `exec`, as dataclasses use it, Python ends by the
    signal later on, whoever caught it.
    """


def listen() -> None:
    """Take over Ctrl-C, unless whoever started the program has it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Last of all, since first: Python gives its handlers back before it takes itself down.
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGINT, end)


def end(number: int, _frame: object = None) -> NoReturn:
    """Handler of a signal: end in order, so that the run log and Prefect are told; the second time at once."""
    if came():  # what is unfinished then, the next run finds as after a kill
        _at_once(number)
    _CAME.append(number)
    for call in _ALSO:
        call()
    raise Interrupted


def also(call: Callable[[], None]) -> None:
    """Let the first signal also do this."""
    _ALSO.append(call)


def came() -> int:
    """The signal that came, or 0. What it raised may be another error by now: DuckDB makes one of it."""
    return _CAME[0] if _CAME else 0


def go_on() -> None:
    """Raise Interrupted where a signal came and what it raised went unheard, as in a destructor."""
    if came():
        raise Interrupted


def all_done() -> None:
    """Only the way out is left: a signal raises nothing there."""
    for one in SIGNALS:
        if signal.getsignal(one) is end:
            signal.signal(one, _at_once)


def told(number: int) -> int:
    """Say that the program was interrupted by signal `number`; its exit code."""
    signal.signal(number, _in_silence)
    os.write(2, WORDS)
    return 128 + number


def leave(code: int) -> NoReturn:
    """End with `code` after GRACE at the latest.

    Prefect watches each time limit in a thread of its own, for which Python waits. Where the signal came while
    that was to be stopped, it goes on for as long as the limit.
    """
    last = threading.Timer(GRACE, _at_last, (code,))
    last.daemon = True
    last.start()
    sys.exit(code)


def _at_last(code: int) -> NoReturn:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # all has been said
    atexit.unregister(signal.signal)  # the main thread alone may
    atexit._run_exitfuncs()  # noqa: SLF001  Prefect stops its server there
    os._exit(code)


def _at_once(number: int, frame: object = None) -> NoReturn:
    os.write(2, WORDS)
    _in_silence(number, frame)


def _in_silence(number: int, _frame: object = None) -> NoReturn:
    os._exit(128 + number)
