"""How fast mscmeta is: against bare numpy, against its peers, and as the work grows. One table, CPU time, one thread.

Usage: python benchmarks/bench.py [--alone]

Bare numpy is the formulas alone, without checks, results or options, on arrays of the same layout. The peers run in an
environment of their own (benchmarks/.venv, made on first use from requirements.txt); metafor runs where Rscript and it
are installed. `--alone` leaves the peers out. Nothing here is a test: machines differ, so ratios in one run are printed
beside what they should be.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import shutil
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np

from mscmeta import gosh, leave_one_out, pool

HERE = Path(__file__).parent
MANY = 100_000
BLOCK = 4096


def seconds(work, repeats=7):
    """CPU time of one call, the least of several."""
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def bare_dl(y, v, t):
    """DerSimonian-Laird, Hartung-Knapp interval, Q and I2: nothing but the formulas."""
    for start in range(0, y.shape[1], BLOCK):
        a, b = y[:, start : start + BLOCK], v[:, start : start + BLOCK]
        k = len(a)
        w = 1 / b
        total = w.sum(0)
        r = a - (w * a).sum(0) / total
        r *= r
        q = (w * r).sum(0)
        w = 1 / (b + np.maximum(0, (q - (k - 1)) / (total - (w * w).sum(0) / total)))
        total = w.sum(0)
        mean = (w * a).sum(0) / total
        r = a - mean
        r *= r
        half = t * np.sqrt((w * r).sum(0) / (k - 1) / total)
        _ = mean - half, mean + half, np.maximum(0, (q - k + 1) / q)


def data(n=MANY):
    rng = np.random.default_rng(2026)
    v = rng.uniform(4, 16, (9, n))
    return rng.normal(0, 4, (9, n)) + rng.normal(0, 1, (9, n)) * np.sqrt(v), v


def growth():
    """Seconds and extra memory of 10 times as many replicates."""
    rows = []
    for n in (10**5, 10**6, 10**7):
        y, v = (np.broadcast_to(x, (n // 1000, *x.shape)).transpose(1, 0, 2) for x in data(1000))
        y, v = y.reshape(9, n), v.reshape(9, n)
        tracemalloc.start()
        taken = seconds(lambda y=y, v=v: pool(y, v, tau2="DL"), 1)
        results = (8 * 8 + 1) * n  # what is handed back
        rows.append((n, taken, (tracemalloc.get_traced_memory()[1] - results) / 2**20))
        tracemalloc.stop()
        del y, v
    return rows


def peers(y, v, ten, out):
    """Times of the peers: one JSON object from each environment."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.npz"
        np.savez(path, y=y, v=v, one_y=ten[0], one_v=ten[1], out_y=out[0], out_v=out[1])
        done = subprocess.run([peer_python(), HERE / "peers.py", path], capture_output=True, text=True, check=False)
        found.update(answer(done, "the Python peers"))
        if shutil.which("Rscript"):
            for name, x in (("y.csv", y), ("v.csv", v)):
                np.savetxt(Path(folder) / name, x[:, :1000], delimiter=",", fmt="%.17g")
            done = subprocess.run(["Rscript", HERE / "peers.R", Path(folder) / "y.csv", Path(folder) / "v.csv"],
                                  capture_output=True, text=True, check=False)  # fmt: skip
            scale = y.shape[1] / 1000
            for name, times in answer(done, "metafor").items():
                found[name] = {task: taken * scale for task, taken in times.items()}
        else:
            print("metafor: left out (there is no Rscript)")
    return found


def answer(done, who):
    if done.returncode:
        print(f"{who}: left out; {done.stderr.strip().splitlines()[-1]}")
        return {}
    return json.loads(done.stdout.strip().splitlines()[-1])


def peer_python():
    """The interpreter of the peers' environment, which is made when it is missing."""
    python = HERE / ".venv" / "bin" / "python"
    if not python.exists():
        print("setting up the peers' environment in benchmarks/.venv ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", HERE / ".venv"], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-q", "-r", HERE / "requirements.txt"], check=True)
    return python


def main():
    y, v = data()
    ten, fifteen, out = ((y.T.ravel()[:k], v.T.ravel()[:k]) for k in (10, 15, 50))
    t = 2.3060041352041671
    bare_dl(y, v, t)
    bare = seconds(lambda: bare_dl(y, v, t), 15)
    dl, reml = seconds(lambda: pool(y, v, tau2="DL")), seconds(lambda: pool(y, v), 4)
    subsets = seconds(lambda: gosh(*fifteen, tau2="DL"))
    left_out = seconds(lambda: [leave_one_out(*out) for _ in range(20)]) / 20
    single = seconds(lambda: [pool(*ten) for _ in range(200)]) / 200
    print(f"{'work':<44}{'time':>12}{'x bare':>9}   should be")
    print(f"{'bare numpy: 100,000 x (k=9) DL, HK, Q, I2':<44}{1e3 * bare:>9.1f} ms{1:>9.2f}")
    print(f"{'pool: the same':<44}{1e3 * dl:>9.1f} ms{dl / bare:>9.2f}   at most 2")
    print(f"{'pool: REML, HK':<44}{1e3 * reml:>9.1f} ms{reml / bare:>9.2f}   at most 20")
    print(f"{'gosh: k=15, DL':<44}{1e3 * subsets:>9.1f} ms{subsets / bare:>9.2f}   at most 2")
    print(
        f"{'leave_one_out: k=50, REML':<44}{1e3 * left_out:>9.2f} ms{left_out / bare:>9.2f}   under 2 ms (bare: 8 ms)"
    )
    print(f"{'pool: one fit, k=10, REML':<44}{1e6 * single:>9.0f} us{'':>9}   under 150 us (bare: 8 ms)")
    print(f"\n{'replicates':<44}{'time':>12}{'per fit':>12}{'extra memory':>16}")
    for n, taken, memory in growth():
        print(f"{n:<44,}{taken:>10.2f} s{1e9 * taken / n:>9.0f} ns{memory:>12.0f} MiB")
    if "--alone" in sys.argv:
        return
    ours = {"dl": dl, "reml": reml, "one": single, "out": left_out}
    heads = ("100,000 DL", "100,000 REML", "one REML", "leave-one-out")
    print(f"\n{'times slower than mscmeta':<28}" + "".join(f"{head:>15}" for head in heads))
    for name, times in peers(y, v, ten, out).items():
        cells = [f"{times[task] / ours[task]:,.1f}" if task in times else "-" for task in ours]
        print(f"{name:<28}" + "".join(f"{cell:>15}" for cell in cells))
    print("PyMARE's batch should be at least 5 (DL) and 4 (REML) times slower. Loops are scaled up from 200 fits.")


if __name__ == "__main__":
    main()
