"""Promises about security that no other test holds: no code from files, and no door that was not asked for."""

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eegwarn.bedside import write_bundle
from tests.app.examples import simulated_uv, write_edf
from tests.models import amplitude_model
from training.benchmarks.browser import free_port, start_dashboard

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for package in ("eegwarn", "app", "training") for path in (ROOT / package).rglob("*.py"))

UNPICKLE = {"pickle", "cPickle", "dill", "shelve", "marshal", "cloudpickle", "joblib.load", "torch.load", "yaml.load"}
EXECUTE = {"eval", "exec", "compile", "__import__", "os.system", "os.popen"}


def named(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{named(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def forbidden(tree: ast.AST) -> list[str]:
    """What in a module could run what a file holds."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.partition(".")[0] in UNPICKLE]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in UNPICKLE:
            found.append(str(node.module))
        elif isinstance(node, ast.Call):
            name = named(node.func)
            safe = any(each.arg == "weights_only" and getattr(each.value, "value", None) for each in node.keywords)
            if name in EXECUTE or (name in UNPICKLE and not safe):
                found.append(name)
            told = {each.arg: getattr(each.value, "value", None) for each in node.keywords}
            if told.get("shell") is True or told.get("allow_pickle") is True:
                found.append(f"{name} with shell or allow_pickle")
    return found


def test_nothing_is_unpickled_or_executed() -> None:
    assert len(SOURCES) > 150
    assert {path: found for path in SOURCES if (found := forbidden(ast.parse(path.read_text(encoding="utf-8"))))} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from dill import load",
        "torch.load(p)",
        "eval(t)",
        "run(c, shell=True)",
        "np.load(p, allow_pickle=True)",
    ],
)
def test_what_is_forbidden_would_be_seen(code: str) -> None:
    assert forbidden(ast.parse(code))


def listening(process: "subprocess.Popen[str]") -> set[tuple[str, int]]:
    """Where a process and its children take connections, TCP and UDP."""
    psutil = pytest.importorskip("psutil", reason="psutil is not installed")
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    open_ones = [one for each in family for one in each.net_connections(kind="inet")]
    return {(one.laddr.ip, one.laddr.port) for one in open_ones if one.status in ("LISTEN", "NONE") and not one.raddr}


def test_the_dashboard_listens_on_one_port_of_this_computer_alone(tmp_path: Path) -> None:
    pytest.importorskip("streamlit", reason="streamlit is not installed")
    port = free_port()
    dashboard = start_dashboard(tmp_path, port, cwd=tmp_path)
    try:
        assert listening(dashboard) == {("127.0.0.1", port)}
    finally:
        dashboard.terminate()
        dashboard.wait()


def test_a_monitor_listens_on_nothing(tmp_path: Path) -> None:
    write_bundle(tmp_path / "model.eegwarn", amplitude_model())
    night = write_edf(tmp_path / "night.edf", simulated_uv())
    command = [sys.executable, "-m", "eegwarn.cli", "monitor", str(tmp_path / "model.eegwarn"), "--source", str(night)]
    monitor = subprocess.Popen(
        [*command, "--speed", "1", "--store", str(tmp_path / "store.db")], text=True, stdout=subprocess.PIPE
    )
    try:
        until_s = time.monotonic() + 60
        while not (tmp_path / "store.db").exists() and time.monotonic() < until_s:
            time.sleep(0.1)
        time.sleep(1)
        assert monitor.poll() is None
        assert listening(monitor) == set()
    finally:
        monitor.kill()
        monitor.communicate()
