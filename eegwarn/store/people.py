"""Who is named in the store: people who act, by the name they log in with; patients, by a pseudonym alone."""

import re

from eegwarn.errors import StoreError

_PSEUDONYM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def checked_person(name: str) -> str:
    """Give the name of somebody who acts, without space around it.

    Raises
    ------
    StoreError
        If it is empty, longer than 128 characters, or holds characters that cannot be printed.
    """
    name = name.strip()
    if not (0 < len(name) <= 128 and name.isprintable()):
        raise StoreError(f"Who acts is named by 1 to 128 printable characters, but got {name[:128]!r}.")
    return name


def checked_pseudonym(text: str) -> str:
    """Give a patient's pseudonym.

    Raises
    ------
    StoreError
        If it could be a person's name: more than one word, or letters beyond the plain ones.
    """
    if not _PSEUDONYM.fullmatch(text):
        raise StoreError(
            f"A patient is stored under a pseudonym of up to 64 letters, digits, '.', '_' and '-', but got {text!r}. "
            "Give no names."
        )
    return text
