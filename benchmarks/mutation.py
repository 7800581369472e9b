"""Mutation score of the numerical core (tests/mutation.md): mutmut makes the mutants, one pytest session runs them.

In a clone, with `mutmut==3.8.1` in an environment that also holds requirements.lock:

    python -m benchmarks.mutation make    # mutmut writes its mutants into mutants/, by [tool.mutmut] in pyproject.toml
    python -m benchmarks.mutation quick   # each against few examples, and three cases of every test
    python -m benchmarks.mutation full    # those that are left, against all tests; repeat it after adding some
    python -m benchmarks.mutation report  # counts by module, and what survived

The quick round takes some twenty minutes of processor time, the full one about as much again; both go on where
they stopped. `mutmut run` answers the same question, but collects a thousand tests anew for each mutant, runs them in
random order, and is slow. Here they are collected once, a child is forked for each mutant, and tests that killed its
neighbours come first. Hypothesis does not shrink.
"""

from __future__ import annotations

import difflib
import io
import json
import os
import random
import re
import resource
import signal
import sys
import time
import tomllib
from collections import Counter, defaultdict
from contextlib import redirect_stdout
from pathlib import Path

SETTINGS = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["mutmut"]
MUTANTS = Path("mutants").absolute()
RESULTS = MUTANTS / "results.jsonl"
#: Processor time for one test under a mutant: so many seconds, and so many times what it takes without
SECONDS, TIMES = 3, 10
MEMORY = 4 << 30
CHILDREN = 2


def make() -> None:
    """Let mutmut write the mutants."""
    from mutmut import __main__ as mutmut

    MUTANTS.mkdir(exist_ok=True)
    mutmut.set_mutant_under_test("mutant_generation")
    with redirect_stdout(io.StringIO()):
        mutmut.copy_src_dir()
        mutmut.copy_also_copy_files()
        mutmut.create_mutants(CHILDREN)
    print(len(names()), "mutants")


def names() -> list[str]:
    """Every mutant, as module.function__mutmut_number."""
    files = (MUTANTS / f"{path}.meta" for path in SETTINGS["only_mutate"])
    return [name for file in files for name in json.loads(file.read_text())["exit_code_by_key"]]


def results() -> dict[str, dict]:
    """The last result of each mutant."""
    lines = RESULTS.read_text().splitlines() if RESULTS.exists() else []
    return {line["mutant"]: line for line in map(json.loads, lines)}


def function_of(mutant: str) -> str:
    return mutant.rpartition("__mutmut_")[0]


def install(mutant: str) -> None:
    """Put the mutant in the place of its function, and originals in the place of mutmut's switches, which cost time."""
    home, _, name = mutant.rpartition(".")
    chosen = {}
    for module in [m for n, m in sys.modules.items() if n.startswith("mscmeta.")]:
        for key, versions in [item for item in vars(module).items() if item[0].startswith("mutants_x")]:
            version = versions[name if module.__name__ == home and name in versions else "_mutmut_orig"]
            mangled = key.removeprefix("mutants_").removesuffix("__mutmut")
            class_name, function = re.fullmatch("x(?:ǁ(.+)ǁ|_)(.+)", mangled).groups()
            if class_name:
                setattr(getattr(module, class_name), function, version)
            else:
                chosen[id(vars(module)[function])] = version
    for module in [m for n, m in sys.modules.items() if n.startswith(("mscmeta", "tests"))]:
        for key, value in list(vars(module).items()):
            if id(value) in chosen:
                setattr(module, key, chosen[id(value)])


class Trial:
    """A pytest plugin whose run loop runs mutants."""

    def __init__(self, quick: bool) -> None:
        self.quick = quick
        self.kills: dict[str, Counter] = defaultdict(Counter)

    def pytest_configure(self) -> None:
        """Fewer examples in the quick round, and no shrinking."""
        from hypothesis import Phase, settings

        usual = settings.get_profile("book")
        examples = 6 if self.quick else usual.max_examples
        settings.register_profile("mutants", usual, max_examples=examples, phases=(Phase.explicit, Phase.generate))
        settings.load_profile("mutants")

    def pytest_runtestloop(self, session) -> bool:
        self.items = session.items
        self.learn()
        done, running = results(), {}
        for line in done.values():
            self.count(line)
        left = [name for name in names() if name not in done or (not self.quick and done[name]["status"] == "survived")]
        random.Random(0).shuffle(left)  # a quick round that is stopped has then seen a fair sample
        if not self.quick:
            left.sort(key=lambda name: sum(self.seconds[i] for i in self.tests[function_of(name)]))
        print(f"{len(self.items)} tests of {sum(self.seconds):.0f} s, {len(left)} mutants", file=sys.__stderr__)
        for mutant in left:
            if len(running) == CHILDREN:
                self.wait(running)
            running[self.fork(mutant)] = mutant
        while running:
            self.wait(running)
        return True

    def learn(self) -> None:
        """Run the tests once, unchanged: which functions does each call, and how long does it take?"""
        from mutmut.state import state

        os.environ["MUTANT_UNDER_TEST"] = "stats"
        self.seconds, self.tests = [], defaultdict(list)
        for i, item in enumerate(self.items):
            start = time.process_time()
            if not self.passes(i):
                raise SystemExit(f"{item.nodeid} fails without any mutant")
            self.seconds.append(time.process_time() - start)
            for function in state()._stats:
                self.tests[function].append(i)
            state()._stats.clear()

    def passes(self, i: int, following: int | None = None) -> bool:
        from _pytest.runner import runtestprotocol

        following = None if following is None else self.items[following]
        return all(report.passed for report in runtestprotocol(self.items[i], log=False, nextitem=following))

    def order(self, mutant: str) -> list[int]:
        """First the tests that killed most mutants of the same function, then one case of each test, and so on."""
        kills, seen, place = self.kills[function_of(mutant)], Counter(), {}
        for i in sorted(self.tests[function_of(mutant)], key=self.seconds.__getitem__):
            test = self.items[i].nodeid.partition("[")[0]
            place[i] = seen[test]
            seen[test] += 1
        some = [i for i in place if place[i] < 3 or not self.quick]
        return sorted(some, key=lambda i: (-kills[self.items[i].nodeid], place[i], self.seconds[i]))

    def fork(self, mutant: str) -> int:
        pid = os.fork()
        if pid == 0:
            try:
                self.child(mutant)
            finally:
                os._exit(0)
        return pid

    def child(self, mutant: str) -> None:
        """Try one mutant; a test that goes on for too long ends the process."""
        os.environ["MUTANT_UNDER_TEST"] = ""
        install(mutant)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        order = self.order(mutant)
        for now, following in zip(order, [*order[1:], None], strict=False):
            signal.setitimer(signal.ITIMER_PROF, SECONDS + TIMES * self.seconds[now])
            if not self.passes(now, following):
                return self.write(mutant, "killed", self.items[now].nodeid)
        return self.write(mutant, "survived" if order else "not tested")

    def write(self, mutant: str, status: str, test: str | None = None) -> None:
        with RESULTS.open("a") as file:
            file.write(json.dumps({"mutant": mutant, "status": status, "test": test}) + "\n")

    def wait(self, running: dict[int, str]) -> None:
        pid, status = os.wait()
        mutant = running.pop(pid)
        if os.WIFSIGNALED(status):
            self.write(mutant, "no end" if os.WTERMSIG(status) == signal.SIGPROF else "crashed")
        self.count(results()[mutant])

    def count(self, line: dict) -> None:
        if line["test"]:
            self.kills[function_of(line["mutant"])][line["test"]] += 1


def run(quick: bool) -> None:
    """Collect the tests in mutants/ and try the mutants there."""
    import pytest

    os.chdir(MUTANTS)
    sys.path.insert(0, str(MUTANTS))
    tests = SETTINGS["pytest_add_cli_args_test_selection"]
    pytest.main(["-q", "--tb=no", "-p", "no:cacheprovider", "--rootdir=.", *tests], plugins=[Trial(quick)])


def change(mutant: str) -> list[str]:
    """The lines that the mutant takes away and puts in."""
    module, name = mutant.removeprefix("mscmeta.").split(".")
    file = MUTANTS / "mscmeta" / f"{module}.py"
    spans = json.loads(Path(f"{file}.spans").read_text())["spans"]
    lines = file.read_text().splitlines()

    def body(version: str) -> list[str]:
        first, last = next(span for key, span in spans.items() if key.split(".")[-1] == version)
        clean = (line.partition("  # type: ignore # mutmut")[0] for line in lines[first - 1 : last])
        return [line.strip().replace(version, "f") for line in clean]

    old, new = body(f"{function_of(name)}__mutmut_orig"), body(name)
    return [line for line in difflib.unified_diff(old, new, n=0) if line[0] in "+-" and line[:3] not in ("+++", "---")]


def report() -> None:
    """Print the counts by module, and what survived."""
    done = results()
    table = defaultdict(Counter)
    for name in names():
        for row in (name.split(".")[1], "all"):
            table[row][done[name]["status"] if name in done else "not run"] += 1
    kinds = ("killed", "no end", "survived", "not tested", "crashed", "not run")
    print("| module | mutants |", " | ".join(kinds), "| score |\n|---|" + "--:|" * (len(kinds) + 2))
    for row, counts in sorted(table.items(), key=lambda item: (item[0] == "all", item[0])):
        score = (counts["killed"] + counts["no end"]) / counts.total()
        print(f"| {row} | {counts.total()} |", " | ".join(str(counts[kind]) for kind in kinds), f"| {score:.1%} |")
    for name in names():
        if name in done and done[name]["status"] != "killed":
            print(f"\n{name.removeprefix('mscmeta.')}: {done[name]['status']}", *change(name), sep="\n    ")


if __name__ == "__main__":
    {"make": make, "quick": lambda: run(True), "full": lambda: run(False), "report": report}[sys.argv[1]]()
