"""Notebooks run in forks of a process that has imported what they need: imports are paid once, not fifty times.

Each thread of the build holds one such process and gives it a job a notebook. A job forks twice: a process that runs
papermill, and before it the kernel, which has run nothing yet and is that notebook's own. If the build ends, however it
ends, they all do.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from tools.common import start_logged

ALL_NEED = ("ipykernel.kernelapp", "papermill")
MOST_NEED = ("matplotlib.pyplot", "pandas", "scipy.optimize", "scipy.special")
MINE = threading.local()


def run(job: Mapping[str, object], log: Path) -> int:
    """Have a notebook run, its words going to a log; give the exit code, or -1 if the process itself ended."""
    helper = getattr(MINE, "helper", None)
    if helper is None or helper.poll() is not None:
        helper = MINE.helper = start_logged(["-m", "tools.execute"], log, stdin=subprocess.PIPE)
    with suppress(BrokenPipeError):
        helper.stdin.write(json.dumps({**job, "log": str(log)}) + "\n")
        helper.stdin.flush()
    return int(helper.stdout.readline() or -1)


def serve(work: Callable[[dict], int]) -> None:
    """Fork for each job that comes on stdin, and answer with the exit code of its process."""
    die_with(int(os.environ["MSCMETA_BUILD_PID"]))
    for name in ALL_NEED:
        import_module(name)
    me = os.getpid()
    for count, line in enumerate(sys.stdin):
        for name in MOST_NEED if count == 1 else ():  # a single notebook imports what it needs
            import_module(name)
        job = json.loads(line)
        if (child := os.fork()) == 0:
            die_with(me)
            leave(lambda job=job: work(job), job["log"])
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def leave(action: Callable[[], int | None], log: str | None = None) -> NoReturn:
    """Do what a forked process is for, and end it without returning to the code it was forked from."""
    code = 1
    try:
        if log is not None:
            with open(os.devnull) as nothing, open(log, "w") as sink:
                for ours, theirs in ((nothing, 0), (sink, 1), (sink, 2)):
                    os.dup2(ours.fileno(), theirs)
        code = action() or 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def die_with(parent: int) -> None:
    """Ask Linux to end this process with its parent; elsewhere it ends by itself, unheard."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # 1 is PR_SET_PDEATHSIG
    if os.getppid() != parent:  # it has ended already
        os._exit(1)


class Kernel:
    """A process that waits to become a Jupyter kernel: of subprocess.Popen, what jupyter_client asks of it."""

    stdin = stdout = stderr = returncode = None

    def __init__(self) -> None:
        read, write = os.pipe()
        me = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(write)
            os.setsid()
            die_with(me)
            leave(lambda: become_kernel(read, me))
        os.close(read)
        self.order = os.fdopen(write, "w", encoding="utf-8")

    def start(self, command: list[str], cwd: str, env: Mapping[str, str]) -> None:
        """Tell it which kernel to be."""
        with self.order as order:
            json.dump({"arguments": command[3:], "cwd": cwd, "env": dict(env)}, order)

    def poll(self, options: int = os.WNOHANG) -> int | None:
        """Give the exit code, None as long as it runs."""
        if self.returncode is None:
            ended, status = os.waitpid(self.pid, options)
            self.returncode = os.waitstatus_to_exitcode(status) if ended else None
        return self.returncode

    def wait(self) -> int | None:
        """Wait for the end, give the exit code."""
        return self.poll(0)

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    terminate = kill


def become_kernel(order: int, parent: int) -> None:
    """Wait to be told where and with what; be the kernel that `python -m ipykernel_launcher` would be."""
    with os.fdopen(order, encoding="utf-8") as told:
        text = told.read()
    if not text:  # papermill has ended before it came to its first cell
        return
    asked = json.loads(text)
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    sys.argv = ["ipykernel_launcher", *asked["arguments"], f"--IPKernelApp.parent_handle={parent}"]
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()


def kernels(kernel: Kernel, folder: str) -> type:
    """Give a kernel manager that starts `kernel`, talking through files in a folder (a socket's name has 107 letters).

    With Jupyter's usual network ports, two kernels started at once may be given the same one, and one of them dies.
    """
    from jupyter_client.manager import AsyncKernelManager
    from traitlets import default

    class Kernels(AsyncKernelManager):
        @default("transport")
        def _transport_default(self) -> str:
            return "ipc"

        @default("ip")
        def _ip_default(self) -> str:
            return f"{folder}/kernel"

        async def _async_launch_kernel(self, kernel_cmd: list[str], *, env: dict, cwd: str = ".", **_: object) -> None:
            kernel.start(kernel_cmd, os.path.abspath(cwd), env)
            local = self.provisioner
            local.process, local.pid, local.pgid, local.cwd = kernel, kernel.pid, kernel.pid, cwd
            self._reconcile_connection_info(local.connection_info)

    return Kernels
