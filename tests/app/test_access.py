"""Who may do what, and under which name."""

from pathlib import Path

import pytest

from app.access import Person, Right, Role, login_name, role_of
from eegwarn.errors import ConfigError

ROLES = """
[roles]
admin = ["head@eeg.example"]
annotator = ["nurse@eeg.example", "Doctor@eeg.example"]
"""


def secrets(folder: Path, text: str) -> tuple[Path, ...]:
    (folder / ".streamlit").mkdir(exist_ok=True)
    (folder / ".streamlit" / "secrets.toml").write_text(text, encoding="utf-8")
    return (folder,)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("head@eeg.example", Role.ADMIN),
        ("doctor@EEG.example", Role.ANNOTATOR),
        ("stranger@eeg.example", Role.VIEWER),
        ("", Role.VIEWER),
    ],
)
def test_role_is_that_of_the_configuration_and_viewer_for_all_others(tmp_path: Path, name: str, role: Role) -> None:
    assert role_of(name, secrets(tmp_path, ROLES)) is role


def test_star_stands_for_everybody_who_logged_in(tmp_path: Path) -> None:
    folders = secrets(tmp_path, '[roles]\nannotator = ["*"]\nadmin = ["head"]\n')
    assert (role_of("anyone", folders), role_of("head", folders)) == (Role.ANNOTATOR, Role.ADMIN)


def test_without_roles_everybody_may_look_only(tmp_path: Path) -> None:
    assert role_of("head@eeg.example", secrets(tmp_path, "")) is Role.VIEWER


@pytest.mark.parametrize("text", ["roles = 3", '[roles]\nboss = ["x"]', '[roles]\nadmin = "x"', "[roles]\nadmin = [1]"])
def test_roles_that_cannot_be_understood_are_refused_in_a_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"secrets\.toml") as caught:
        role_of("x", secrets(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_viewers_look_annotators_act_label_and_upload_admins_train() -> None:
    rights = {role: {right for right in Right if Person("x", role).may(right)} for role in Role}
    annotators = {Right.ACKNOWLEDGE, Right.LABEL, Right.UPLOAD}
    assert rights == {Role.VIEWER: set(), Role.ANNOTATOR: annotators, Role.ADMIN: set(Right)}


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"email": "a@b", "email_verified": True, "sub": "7"}, "a@b"),
        ({"email": "a@b", "sub": "7"}, "a@b"),
        ({"email": "head@eeg.example", "email_verified": False, "sub": "7"}, "7"),
        ({"sub": "7"}, "7"),
    ],
)
def test_address_that_was_never_verified_is_nobodys_name(claims: dict, name: str) -> None:
    assert login_name(claims) == name
