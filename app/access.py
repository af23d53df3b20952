"""Who may reach the dashboard: this computer alone, unless people have to log in."""

import ipaddress
import tomllib
from pathlib import Path

_NEEDED = ("redirect_uri", "cookie_secret")


def is_loopback(address: str | None) -> bool:
    """Whether only this computer can reach ``address``; None stands for every address, as it does for Streamlit."""
    if address == "localhost":
        return True
    try:
        return address is not None and ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def login_is_configured(folders: tuple[Path, ...] | None = None) -> bool:
    """Whether Streamlit's ``secrets.toml`` sets up a login (OpenID Connect).

    Parameters
    ----------
    folders : tuple of Path or None
        Where ``.streamlit/secrets.toml`` is looked for: by default the home folder and the current one, as Streamlit
        does.

    Returns
    -------
    bool
        True where a table ``[auth]`` holds ``redirect_uri`` and ``cookie_secret``.
    """
    for folder in folders or (Path.home(), Path.cwd()):
        path = folder / ".streamlit" / "secrets.toml"
        try:
            auth = tomllib.loads(path.read_text(encoding="utf-8")).get("auth", {})
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
            continue
        if isinstance(auth, dict) and all(auth.get(key) for key in _NEEDED):
            return True
    return False
