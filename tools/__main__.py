"""`python -m tools` is the build; until its parts are imported, Ctrl-C ends it without a word."""

import signal
import sys


def run() -> int:
    """Import only now: a traceback of an interrupted import helps nobody."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tools.build import main

    return main()


if __name__ == "__main__":
    sys.exit(run())
