"""Who logs in where others can reach the dashboard: a real OpenID Connect provider, Debian's chromium, three roles."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from training.benchmarks.browser import free_port, start_dashboard

pytest.importorskip("oidc_provider_mock", reason="oidc-provider-mock is not installed")

SECRETS = """
[auth]
redirect_uri = "http://localhost:{port}/oauth2callback"
cookie_secret = "a secret of this test alone, thrown away after it"
client_id = "eegwarn"
client_secret = "known to both"
server_metadata_url = "http://127.0.0.1:{provider}/.well-known/openid-configuration"

[roles]
admin = ["head@eeg.example"]
annotator = ["nurse@eeg.example"]
"""


@contextmanager
def provider() -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a dashboard on which people log in."""
    folder, port = tmp_path_factory.mktemp("login"), free_port()
    with provider() as at:
        (folder / ".streamlit").mkdir()
        (folder / ".streamlit" / "secrets.toml").write_text(SECRETS.format(port=port, provider=at))
        dashboard = start_dashboard(folder, port, cwd=folder)
        try:
            yield f"http://localhost:{port}"
        finally:
            dashboard.terminate()
            dashboard.wait()


@pytest.fixture
def new_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a page for somebody who has not been here before."""
    with ExitStack() as contexts:
        yield lambda **options: contexts.enter_context(browser.new_context(**options)).new_page()


def log_in(page: Any, address: str, name: str) -> None:
    page.goto(f"{address}/models")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("textbox").first.fill(name)
    page.get_by_role("button", name=re.compile("authorize", re.IGNORECASE)).click()
    page.wait_for_url(re.compile(re.escape(address)))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("head@eeg.example", ""),
        ("nurse@eeg.example", ", here as annotator: only an admin trains and promotes"),
        ("stranger@eeg.example", ", here as viewer: only an admin trains and promotes"),
    ],
)
def test_a_login_gives_a_name_and_a_role(new_page: Callable[..., Any], address: str, name: str, told: str) -> None:
    page = new_page()
    log_in(page, address, name)
    page.goto(f"{address}/models")
    page.get_by_text(f"You are {name}", exact=True).wait_for()
    if told:
        page.get_by_text(f"You are {name}{told}").wait_for()
    else:
        page.wait_for_timeout(1500)
        assert "only an admin" not in page.locator("body").inner_text()


def test_nothing_is_shown_before_the_login(new_page: Callable[..., Any], address: str) -> None:
    page = new_page()
    page.goto(f"{address}/monitor")
    page.get_by_role("button", name="Log in").wait_for()
    page.wait_for_timeout(1000)
    assert page.locator("body").inner_text().strip().splitlines()[-1] == "Log in"


def test_without_a_login_a_page_that_a_proxy_passes_on_is_refused(new_page: Callable[..., Any], tmp_path: Path) -> None:
    port = free_port()
    dashboard = start_dashboard(tmp_path, port, cwd=tmp_path)
    try:
        for headers, is_refused in (({}, False), ({"X-Forwarded-For": "192.0.2.7"}, True)):
            page = new_page(extra_http_headers=headers)
            page.goto(f"http://127.0.0.1:{port}/monitor")
            refusal = page.get_by_text("A proxy passes this page on to others (x-forwarded-for)")
            if is_refused:
                refusal.wait_for()
            else:
                page.get_by_text("Monitor").first.wait_for()
                page.wait_for_timeout(1000)
                assert refusal.count() == 0
    finally:
        dashboard.terminate()
        dashboard.wait()
