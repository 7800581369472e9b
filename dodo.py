"""The build as a graph: execute each notebook → stage → site. `make book` runs it; `.venv/bin/doit list` shows it."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from doit.dependency import FileChangedChecker
from doit.exceptions import TaskFailed, UnmetDependency
from doit.reporter import ZeroReporter

from tools import execute, parameters, site, stage
from tools.common import BUILD, ROOT, STAGE, BuildError, chapters, commit_date, digest, files, notebooks, shown

SETTINGS: dict[str, str | float] = {}  # what differs from the defaults of book/parameters.yml; tools/build.py fills it


class Content(FileChangedChecker):
    """A file is unchanged if its bytes are: doit's own checker believes a time stamp first."""

    def check_modified(self, file_path: str, file_stat: object, state: str) -> bool:
        """Tell whether the bytes differ from those last seen."""
        return digest([Path(file_path)]) != state

    def get_state(self, dep: str, current_state: str | None) -> str:
        """Give what is remembered of a file."""
        return digest([Path(dep)])


class Sentences(ZeroReporter):
    """Say of a failed task its one sentence; each task reports its own success."""

    def add_failure(self, task: object, fail: object) -> None:
        """Print the sentence of a failure, not its traceback; what merely depends on it has nothing to say."""
        if not isinstance(fail, UnmetDependency):
            self.write(f"make book: {fail.message}\n")


DOIT_CONFIG = {
    "backend": "json",
    "dep_file": str(BUILD / "doit.json"),
    "check_file_uptodate": Content,
    "reporter": Sentences,
    "default_tasks": ["site"],
}


def same(key: str, state: Callable[[], object]) -> Callable[..., bool]:
    """Up to date while `state()` is what it was after the last success: inputs and outputs that doit does not watch."""

    def check(task: object, values: Mapping[str, object]) -> bool:
        task.value_savers.append(lambda: {key: state()})
        return key in values and values[key] == state()

    return check


def told(action: Callable[[], str]) -> Callable[[], bool | TaskFailed]:
    """Run an action that gives a line to print, or refuses in one sentence."""

    def run() -> bool | TaskFailed:
        try:
            print(action(), flush=True)
        except BuildError as reason:
            return TaskFailed(str(reason))
        except OSError as error:
            return TaskFailed(f"{error.strerror}: {error.filename}")
        return True

    return run


def task_execute() -> Iterator[dict]:
    """Run each notebook: anew when its code, its settings, mscmeta, the lock or a table it reads has changed."""
    listed = notebooks()
    for number, notebook in enumerate(listed, 1):
        given = parameters.passed_to(notebook, SETTINGS)

        def run(number: int = number, notebook: Path = notebook, given: Mapping[str, object] = given) -> str:
            return f"[{number}/{len(listed)}] {shown(notebook)}  {execute.run(notebook, given):.1f} s"

        yield {
            "name": shown(notebook),
            "actions": [told(run)],
            "file_dep": [shown(path) for path in execute.inputs(notebook)],
            "targets": [shown(execute.executed(notebook))],
            "uptodate": [
                same("settings", lambda given=given: given),
                same("tables", lambda notebook=notebook: digest(execute.tables(notebook))),
                same("made", lambda notebook=notebook: digest(execute.made(notebook))),
            ],
            "io": {"capture": False},
        }


def task_stage() -> dict:
    """Lay out what Sphinx reads."""

    def run() -> str:
        stage.mirror(SETTINGS)
        return f"staged {len(chapters())} chapters"

    return {
        "actions": [told(run)],
        "task_dep": ["execute"],
        "uptodate": [
            same("settings", lambda: dict(SETTINGS)),
            same("sources", lambda: digest(sources())),
            same("date", commit_date),
            same("made", lambda: digest(files(STAGE))),
        ],
        "io": {"capture": False},
    }


def sources() -> list[Path]:
    """Everything that the stage is made of."""
    fixed = [ROOT / "_config.yml", ROOT / "_toc.yml", ROOT / "tools" / "stage.py", *files(ROOT / "mscmeta", "*.py")]
    runs = [path(notebook) for notebook in notebooks() for path in (execute.executed, execute.account)]
    return [*fixed, *runs, *files(ROOT / "book"), *files(ROOT / "data")]


def task_site() -> dict:
    """Build the pages in a new folder, check them, publish them by one rename."""

    def run() -> str:
        print(f"building {len(chapters())} pages ...", flush=True)
        return f"published {shown(site.build())}"

    return {
        "actions": [told(run)],
        "task_dep": ["stage"],
        "file_dep": ["requirements.lock", *map(shown, files(ROOT / "tools", "*.py"))],
        "uptodate": [same("stage", lambda: digest(files(STAGE))), same("whole", site.intact)],
        "io": {"capture": False},
    }
