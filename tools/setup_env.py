"""Make .venv as requirements.lock says, once. Standard library only: this runs before anything is installed.

The set-up is finished when its stamp is there. The stamp names the lock, the Python and the folder, so a changed lock,
another Python, a moved folder or a set-up that was killed half-way are all noticed and set up again.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "set-up-finished"
LOG = ROOT / "_build" / "logs" / "setup.log"
OLDEST = (3, 11)
# pip compiles one file after the other; what cannot be compiled (templates, tests of Python 2) is passed over as by pip
COMPILE = "import compileall, sys; compileall.compile_dir(sys.argv[1], quiet=2, workers=0)"


def wanted():
    """What a finished set-up of this folder, with this Python, would have been made from."""
    lock = hashlib.sha256((ROOT / "requirements.lock").read_bytes()).hexdigest()
    return "lock {}\npython {}.{}\nfolder {}\n".format(lock, *sys.version_info[:2], ROOT)


def finished():
    """Tell whether the environment that is there is the one wanted."""
    return STAMP.is_file() and STAMP.read_text() == wanted() and (VENV / "bin" / "python").exists()


def run(log, *command):
    """Run a step of the set-up; a failure ends in one sentence."""
    quiet = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_USER")}
    if subprocess.run(command, cwd=ROOT, env=quiet, stdout=log, stderr=log, stdin=subprocess.DEVNULL).returncode == 0:
        return
    said = [line for line in LOG.read_text(errors="replace").splitlines() if "error" in line.lower()]
    reason = said[-1].strip() if said else "it gave no reason"
    if "ensurepip" in reason or "venv" in command:
        reason = (
            "this Python cannot make a virtual environment; install its venv package (Debian: apt install python3-venv)"
        )
    sys.exit(f"set-up failed: {reason} (log: {LOG})")


def set_up():
    """Make the environment anew; the stamp is written last."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(VENV, ignore_errors=True)
    print("Setting up .venv from requirements.lock: once, about a minute ...", flush=True)
    with LOG.open("w") as log:
        run(log, sys.executable, "-m", "venv", str(VENV))
        python = str(VENV / "bin" / "python")
        pip = (python, "-m", "pip", "--disable-pip-version-check", "install", "--no-compile")
        run(log, *pip, "--require-hashes", "--only-binary", ":all:", "-r", "requirements.lock")
        run(log, *pip, "--no-deps", "--no-build-isolation", "--no-index", "--editable", ".")
        run(log, python, "-c", COMPILE, str(VENV / "lib"))
    partial = STAMP.with_suffix(".partial")
    partial.write_text(wanted())
    os.replace(partial, STAMP)


def main():
    """Set up if that is needed; a second set-up at the same moment waits for the first."""
    if sys.version_info < OLDEST:
        sys.exit("Python 3.11 or newer is needed, and {} is {}.{}".format(sys.executable, *sys.version_info[:2]))
    if finished():
        return
    with (ROOT / "requirements.lock").open("r+") as lock:  # locking the list itself leaves no lock file behind
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not finished():
            set_up()


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"set-up failed: {error}")
    except KeyboardInterrupt:
        sys.exit("set-up stopped; the next `make` starts it again")
