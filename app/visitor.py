"""Who is at the dashboard in this session: by their login, or by the name of this computer's user or a given one."""

import getpass

import streamlit as st

from app.access import Person, Role, is_loopback, login_is_configured, login_name, role_of
from eegwarn.errors import ConfigError, StoreError
from eegwarn.store.people import checked_person

_GIVEN = "name"
_PASSED_ON = {"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"}
"""Headers that proxies add: whoever comes through one is not at this computer, whatever address it listens on."""


def visitor() -> Person | None:
    """Give who is here, or None where they have to log in first.

    Raises
    ------
    ConfigError
        If others can reach this address, or a proxy stands before it, and no login is set up; or roles are not set up
        as they should be.
    """
    if login_is_configured():
        if not st.user.is_logged_in:
            return None
        name = login_name(st.user.to_dict())
        return Person(name, role_of(name))
    if not is_loopback(st.get_option("server.address")):
        raise ConfigError(
            "Others can reach this address, and no login is set up. Start the dashboard with: eegwarn dashboard"
        )
    if passed_on := sorted(_PASSED_ON & {name.lower() for name in st.context.headers}):
        raise ConfigError(
            f"A proxy passes this page on to others ({', '.join(passed_on)}), and no login is set up. Set up [auth] in "
            ".streamlit/secrets.toml, or open the page on the computer that it runs on."
        )
    return Person(_given_name(), Role.ADMIN)


def name_field() -> None:
    """Show whose name is written beside what is done; without a login it may be given, and survives a reload."""
    if login_is_configured():
        st.caption(f"You are {login_name(st.user.to_dict())}")
        return
    st.text_input(
        "Your name, written beside everything that you do here",
        value=_given_name(),
        key="name-field",
        max_chars=128,
        on_change=_take_name,
        icon=":material/person:",
        label_visibility="collapsed",
    )


def _given_name() -> str:
    """Give the name that was typed, which the address of the page keeps; else that of this computer's user."""
    name = st.session_state.get(_GIVEN) or st.query_params.get(_GIVEN, "")
    try:
        name = checked_person(name)
    except StoreError:
        return getpass.getuser()
    st.session_state[_GIVEN] = name
    if st.query_params.get(_GIVEN) != name:
        st.query_params[_GIVEN] = name  # going to another page takes it out of the address
    return name


def _take_name() -> None:
    st.session_state[_GIVEN] = st.session_state["name-field"]
    st.query_params[_GIVEN] = st.session_state["name-field"]
