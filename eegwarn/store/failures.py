"""What a database says when it fails, in one line that tells what to do."""

from sqlalchemy.exc import IntegrityError

from eegwarn.errors import StoreError

_BY_SQLSTATE = {
    "53100": "its disk is full; what was stored is kept. Make room",
    "53300": "its server has too many connections. Close some",
    "55P03": "another program has locked it. Try again",
    "28P01": "its server refuses the password. Check it",
    "28000": "its server refuses this user. Check the name",
    "3D000": "its server has no such database. Create it",
    "42501": "its server does not allow it to this user. Grant the rights",
}
_BY_WORDS = {
    "disk is full": _BY_SQLSTATE["53100"],
    "is locked": _BY_SQLSTATE["55P03"],
    "not a database": "it is no SQLite file, and was left as it is. Choose another file",
    "malformed": "it is damaged, and was left as it is. Put a copy in its place, or recover it with sqlite3's .recover",
    "readonly": "it may not be written to. Check the rights on the file and its folder",
    "unable to open": "it cannot be opened. Check the rights on the file and its folder",
    "disk I/O": "its disk fails. Check the disk",
    "append-only": "its logs are only added to",
}


def store_error(place: str, error: Exception) -> StoreError:
    """Turn what a database driver or SQLAlchemy raised into the error for the user."""
    original = getattr(error, "orig", None) or error
    if isinstance(original, StoreError):
        return original
    said = " ".join(str(original).split()) or type(original).__name__
    reason = _BY_SQLSTATE.get(getattr(original, "sqlstate", None) or "")
    reason = reason or next((reason for words, reason in _BY_WORDS.items() if words in said), None)
    if reason is None and isinstance(error, IntegrityError):
        reason = f"it refuses the row ({said[:200]}). Check what it names"
    return StoreError(f"The store {place!r} cannot be used: {reason or said[:300]}.")
