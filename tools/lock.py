"""Make requirements.lock anew from requirements.in, with uv in an environment of its own."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = "uv==0.13.9"
COMPILE = "pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header requirements.in -o"


def main():
    """Write beside the lock, then rename: a failure leaves the old one."""
    partial = ROOT / "requirements.lock.partial"
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder, "bin", "python")
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", UV], check=True)
        subprocess.run(
            [Path(folder, "bin", "uv"), *COMPILE.split(), partial], check=True, cwd=ROOT, stdout=subprocess.DEVNULL
        )
    os.replace(partial, ROOT / "requirements.lock")
    print("requirements.lock is new; the next `make book` or `make test` installs it")


if __name__ == "__main__":
    try:
        main()
    except (subprocess.CalledProcessError, OSError) as error:
        sys.exit(f"make lock: {error}")
