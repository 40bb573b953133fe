"""The command `tieline`, from its first moment to its last."""

from __future__ import annotations

import signal

from flows.interruption import all_done, came, leave, listen, told


def main() -> None:
    """Run the command; Ctrl-C ends it with one line and exit code 130, whenever it comes."""
    try:
        try:
            listen()
            from flows.cli import main as command  # takes long enough to be interrupted

            command()
        finally:
            all_done()
    except BaseException as error:
        if not came() and not isinstance(error, KeyboardInterrupt):
            raise
        leave(told(came() or signal.SIGINT))


if __name__ == "__main__":
    main()
