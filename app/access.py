"""Who may reach the dashboard, and who may do what there.

It is this computer alone, unless people have to log in. Then ``[roles]`` in Streamlit's ``secrets.toml``, beside
``[auth]``, names who may act::

    [roles]
    admin = ["head@eeg.example"]
    annotator = ["nurse@eeg.example", "doctor@eeg.example"]

Whoever else logs in is a viewer. ``"*"`` stands for everybody.
"""

import ipaddress
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from eegwarn.errors import ConfigError

_NEEDED = ("redirect_uri", "cookie_secret")


class Right(StrEnum):
    """What not everybody may do: act on alarms, label, bring recordings, or train and promote models."""

    ACKNOWLEDGE = "act on alarms"
    LABEL = "label"
    UPLOAD = "upload recordings"
    RETRAIN = "train models"


class Role(StrEnum):
    """What somebody is to the dashboard; everybody may look."""

    VIEWER = "viewer"
    ANNOTATOR = "annotator"
    ADMIN = "admin"


_RIGHTS = {
    Role.VIEWER: frozenset[Right](),
    Role.ANNOTATOR: frozenset({Right.ACKNOWLEDGE, Right.LABEL, Right.UPLOAD}),
    Role.ADMIN: frozenset(Right),
}


@dataclass(frozen=True)
class Person:
    """Who is at the dashboard: the name that is written beside everything they do, and their role."""

    name: str
    role: Role

    def may(self, right: Right) -> bool:
        """Whether their role has a right."""
        return right in _RIGHTS[self.role]

    def refuse_without(self, right: Right) -> None:
        """Raise ConfigError where their role lacks a right."""
        if not self.may(right):
            allowed = " or ".join(role for role in Role if right in _RIGHTS[role])
            raise ConfigError(
                f"{self.name!r} is a {self.role} and may not {right}, only {allowed} may. Ask for that role."
            )


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
    auth = _secrets(folders).get("auth", {})
    return isinstance(auth, dict) and all(auth.get(key) for key in _NEEDED)


def role_of(name: str, folders: tuple[Path, ...] | None = None) -> Role:
    """Give the role of somebody who logged in: the highest that names them or everybody, else viewer.

    Parameters
    ----------
    name : str
        As `login_name` gives it; upper and lower case are the same.
    folders : tuple of Path or None
        As in `login_is_configured`.

    Raises
    ------
    ConfigError
        If ``[roles]`` holds anything but lists of names under the names of roles.
    """
    table = _secrets(folders).get("roles", {})
    allowed = ", ".join(Role)
    if not isinstance(table, dict) or not set(table) <= set(Role):
        raise ConfigError(f"[roles] in secrets.toml may hold {allowed}, but got {table!r}. Correct it.")
    for role in (Role.ADMIN, Role.ANNOTATOR):
        names = table.get(role, [])
        if not (isinstance(names, list) and all(isinstance(each, str) for each in names)):
            raise ConfigError(f"{role} in [roles] of secrets.toml must be a list of names, but got {names!r}.")
        if {name.casefold(), "*"} & {each.casefold() for each in names}:
            return role
    return Role.VIEWER


def login_name(claims: Mapping[str, Any]) -> str:
    """Give the name of somebody who logged in: the address that their provider vouches for, else their number there.

    Parameters
    ----------
    claims : mapping
        Of the identity token. Anybody can give an address that was never verified: it is not taken for theirs.
    """
    email = claims.get("email")
    if email and claims.get("email_verified", True) in (True, "true"):
        return str(email)
    return str(claims.get("sub") or "")


def _secrets(folders: tuple[Path, ...] | None) -> dict[str, Any]:
    """Read what Streamlit reads; a table of the current folder stands in place of the home folder's."""
    secrets: dict[str, Any] = {}
    for folder in folders or (Path.home(), Path.cwd()):
        path = folder / ".streamlit" / "secrets.toml"
        try:
            secrets |= tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
            continue
    return secrets
