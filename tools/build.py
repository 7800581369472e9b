"""`make book`: one build at a time, parameters checked first, then the doit graph; no traceback reaches the reader."""

import fcntl
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, suppress
from io import StringIO
from pathlib import Path

from tools import execute, parameters
from tools.common import BUILD, CHILDREN, HTML, LOGS, ROOT, BuildError, shown

STATE = BUILD / "doit.json"


@contextmanager
def alone() -> Iterator[None]:
    """Hold the build of this folder; a second one waits for its turn. The system lets go even after kill -9."""
    with (ROOT / "dodo.py").open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another build of this book is running; waiting for it to end ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def sound_state() -> None:
    """Throw away a state file that doit could not read: it only costs a full build."""
    try:
        state = json.loads(STATE.read_text(encoding="utf-8")) if STATE.exists() else {}
        sound = isinstance(state, dict) and all(isinstance(task, dict) for task in state.values())
    except ValueError:
        sound = False
    if not sound:
        STATE.unlink()
        print(f"{shown(STATE)} was damaged; everything is built anew", flush=True)


def stop(*_: object) -> None:
    """End at once on SIGINT and SIGTERM, steps too; nothing needs tidying, for every result is renamed into place."""
    for child in list(CHILDREN):
        with suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)
    print("\nmake book: stopped; the published site is as it was", file=sys.__stderr__, flush=True)
    os._exit(130)


def build(settings: dict[str, str | float]) -> int:
    """Run the graph of dodo.py."""
    from doit.cmd_base import ModuleTaskLoader
    from doit.doit_cmd import DoitMain

    import dodo

    os.chdir(ROOT)
    dodo.SETTINGS.update(settings)
    sound_state()
    started, said = time.monotonic(), StringIO()
    with redirect_stderr(said):  # doit prints tracebacks there
        code = DoitMain(ModuleTaskLoader(dodo)).run(
            ["run", "--process", "2", "--parallel-type", "thread", "--continue"]
        )
    if said.getvalue().strip():
        last = said.getvalue().strip().splitlines()[-1]
        raise BuildError(f"{last}{keep_log(said.getvalue())}")
    if code == 0:
        print(f"The book is ready after {time.monotonic() - started:.0f} s: {HTML / 'index.html'}")
    return 1 if code else 0


def rerun(name: str, settings: dict[str, str | float]) -> int:
    """Run one chapter beside the book: the site stays as it is."""
    notebook = (ROOT / name.removesuffix(".ipynb")).with_suffix(".ipynb")
    if not notebook.is_file():
        raise BuildError(f"there is no notebook {name}")
    output = BUILD / "reruns" / notebook.relative_to(ROOT)
    seconds = execute.run(notebook, parameters.passed_to(notebook, settings), output)
    print(f"{shown(notebook)} ran in {seconds:.1f} s: {output}")
    return 0


def main() -> int:
    """Refuse in one sentence, or build."""
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        settings = parameters.changed(parameters.from_make())
        for name in parameters.table():  # make exports what was typed; below here the checked settings speak
            os.environ.pop(name, None)
        with alone():
            BUILD.mkdir(exist_ok=True)
            return rerun(sys.argv[1], settings) if sys.argv[1:] else build(settings)
    except BuildError as reason:
        print(f"make book: {reason}", file=sys.stderr)
    except Exception as error:
        print(f"make book: {type(error).__name__}: {error}{keep_log(traceback.format_exc())}", file=sys.stderr)
    return 1


def keep_log(text: str) -> str:
    """Write the traceback where somebody who mends the build finds it."""
    try:
        LOGS.mkdir(parents=True, exist_ok=True)
        path = Path(LOGS / "build.log")
        path.write_text(text, encoding="utf-8")
        return f" (log: {shown(path)})"
    except OSError:
        return ""
