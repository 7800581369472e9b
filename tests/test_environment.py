"""One list of pins in three places, and a set-up that is done once, whole or not at all."""

import importlib.util
import re
import subprocess
import sys

import pytest
import yaml

from tests.tinybook import ROOT

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def pins(lines) -> dict[str, str]:
    """Names and versions of lines 'name==version'."""
    found = (re.match(r"([\w.-]+)==([\w.]+)", line.strip()) for line in lines)
    return {m[1].lower().replace("_", "-"): m[2] for m in found if m}


def wanted() -> dict[str, str]:
    return pins((ROOT / "requirements.in").read_text(encoding="utf-8").splitlines())


def test_conda_and_pip_agree():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *plain, last = environment["dependencies"]
    assert plain == ["python=3.11", "pip"]
    assert last["pip"][-1] == "-e ."
    assert len(wanted()) > 30
    assert pins(last["pip"]) == wanted()


def test_every_requirement_is_pinned_and_locked():
    lines = (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    assert len(wanted()) == sum(not line.startswith("#") and bool(line.strip()) for line in lines)
    assert wanted().items() <= pins(LOCK.splitlines()).items()


def test_lock_holds_hashes_and_no_address():
    packages = re.findall(r"^[\w.-]+==.*(?:\n {4}.*)+", LOCK, re.M)
    assert len(packages) == len(re.findall("^[a-z0-9]", LOCK, re.M)) > 100
    assert all("--hash=sha256:" in package for package in packages)
    assert not re.search(r"https?:|file:|--index|--find-links", LOCK)


def test_jupyter_book_stays_below_two():
    """Jupyter Book 2 on a tree of version 1 says that all is well, and makes no page."""
    assert int(wanted()["jupyter-book"].split(".")[0]) < 2


@pytest.fixture
def setup_env(tmp_path, monkeypatch):
    """Give tools/setup_env.py, working in a folder of its own; its steps are recorded, not run."""
    spec = importlib.util.spec_from_file_location("setup_env", ROOT / "tools" / "setup_env.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "requirements.lock").write_text("a==1\n")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / "set-up-finished")
    monkeypatch.setattr(module, "LOG", tmp_path / "_build" / "logs" / "setup.log")
    module.steps = []

    def pretend(log, *command):
        module.steps.append(command)
        (tmp_path / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
        (tmp_path / ".venv" / "bin" / "python").touch()

    monkeypatch.setattr(module, "run", pretend)
    return module


def test_set_up_once(setup_env):
    for _ in range(3):
        setup_env.main()
    assert len(setup_env.steps) == 4
    assert "--require-hashes" in setup_env.steps[1]
    assert "--only-binary" in setup_env.steps[1]
    assert all("--no-compile" in step for step in setup_env.steps[1:3])
    assert setup_env.COMPILE in setup_env.steps[3]


def test_what_cannot_be_compiled_is_passed_over(setup_env, tmp_path):
    (tmp_path / "lib").mkdir()
    for name, text in (("good", "x = 1\n"), ("bad", "print 'x'\n")):
        (tmp_path / "lib" / f"{name}.py").write_text(text)
    subprocess.run([sys.executable, "-c", setup_env.COMPILE, tmp_path / "lib"], check=True)
    assert [path.name.split(".")[0] for path in (tmp_path / "lib" / "__pycache__").iterdir()] == ["good"]


@pytest.mark.parametrize("change", ["lock", "folder", "python", "killed", "no python"])
def test_set_up_again(setup_env, monkeypatch, change):
    setup_env.main()
    stray = setup_env.VENV / "stray"
    stray.touch()
    if change == "lock":
        (setup_env.ROOT / "requirements.lock").write_text("a==2\n")
    elif change == "folder":
        setup_env.STAMP.write_text(setup_env.wanted().replace("folder ", "folder /elsewhere"))
    elif change == "python":
        monkeypatch.setattr(setup_env.sys, "version_info", (3, 14, 0))
    elif change == "killed":
        setup_env.STAMP.unlink()
    else:
        (setup_env.VENV / "bin" / "python").unlink()
    setup_env.main()
    assert len(setup_env.steps) == 8
    assert not stray.exists()


def test_set_up_that_fails_leaves_no_stamp(setup_env, monkeypatch):
    def fail(log, *command):
        sys.exit("set-up failed: no room")

    monkeypatch.setattr(setup_env, "run", fail)
    with pytest.raises(SystemExit, match="no room"):
        setup_env.main()
    assert not setup_env.finished()


def test_old_python_is_told_so(setup_env, monkeypatch):
    monkeypatch.setattr(setup_env.sys, "version_info", (3, 10, 9))
    with pytest.raises(SystemExit, match=r"Python 3.11 or newer is needed, and .* is 3.10"):
        setup_env.main()


def test_set_up_waits_for_another(setup_env):
    """Whoever comes second finds the work done."""
    hold = "import fcntl,sys,time; f=open(sys.argv[1],'r+'); fcntl.flock(f,2); print('held',flush=True); time.sleep(1)"
    other = subprocess.Popen(
        [sys.executable, "-c", hold, setup_env.ROOT / "requirements.lock"], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout.readline() == "held\n"
    setup_env.VENV.joinpath("bin").mkdir(parents=True)
    setup_env.VENV.joinpath("bin", "python").touch()
    asked = iter([False, True])
    setup_env.finished = lambda: next(asked)
    setup_env.main()
    assert other.poll() == 0 or other.wait(1) == 0
    assert setup_env.steps == []
    other.stdout.close()
