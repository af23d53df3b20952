import importlib.util
import socket
from pathlib import Path

import pytest

from app.access import is_loopback, login_is_configured
from app.launch import check, launch
from eegwarn.errors import ConfigError, EegwarnError
from training.benchmarks.browser import free_port

SECRETS = '[auth]\nredirect_uri = "https://eeg.example/oauth2callback"\ncookie_secret = "long and random"\n'


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_this_computer_is_loopback(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.4", "eeg.example", "", None])
def test_what_others_can_reach_is_not_loopback(address: str | None) -> None:
    assert not is_loopback(address)


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the login would be set up, in an empty home and current folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".streamlit").mkdir()
    return tmp_path / ".streamlit" / "secrets.toml"


def test_address_of_others_is_refused_without_a_login(secrets: Path) -> None:
    with pytest.raises(ConfigError, match=r"0\.0\.0\.0.*without a login.*127\.0\.0\.1"):
        check(None, port=free_port(), address="0.0.0.0")


def test_address_of_others_is_allowed_with_a_login(secrets: Path) -> None:
    secrets.write_text(SECRETS)
    check(None, port=free_port(), address="0.0.0.0")


@pytest.mark.parametrize("text", ["", "[auth]\n", "auth = 1\n", '[auth]\nredirect_uri = "x"\n', "[auth", "\xff"])
def test_half_a_login_is_none(secrets: Path, text: str) -> None:
    secrets.write_text(text, encoding="latin-1")
    assert not login_is_configured()


def test_taken_port_is_named_with_another_to_try() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"Port {port} .* --port {port + 1}\.") as caught:
            launch(port=port)
    assert "\n" not in str(caught.value)


def test_port_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigError, match="Port 70000 does not exist"):
        check(None, port=70000, address="127.0.0.1")


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        check(tmp_path / "nowhere", port=free_port(), address="127.0.0.1")


def test_missing_streamlit_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "streamlit" else found(name))
    with pytest.raises(EegwarnError, match=r"pip install 'eegwarn\[app\]'"):
        check(None, port=free_port(), address="127.0.0.1")
