"""A zip of a few known members, each sealed by its SHA-256; damage and surprises are refused.

Nothing is unpacked to disk. The seal finds damage and careless edits. It is no signature: who can rewrite the manifest
can forge a file.
"""

import hashlib
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from eegwarn.config import parse_toml, to_toml
from eegwarn.errors import ModelError

MANIFEST = "manifest.toml"
LARGEST_MEMBER_BYTES = 64 * 2**20
"""A bedside network takes well under a megabyte; beyond this a file is not one of ours."""

LARGEST_TOML_BYTES = 2**20
"""Text takes long to parse; the largest record, of ten thousand recordings, has a quarter of this."""

_LARGEST_FILE_BYTES = 2 * LARGEST_MEMBER_BYTES
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold, given to every member: equal content makes equal bytes."""


def pack(members: Mapping[str, bytes]) -> bytes:
    """Make the archive of ``members`` with its manifest; equal members give equal bytes."""
    seals = {name: {"sha256": _sha256(content), "size": len(content)} for name, content in sorted(members.items())}
    manifest = to_toml({"members": seals}).encode()
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in (*sorted(members.items()), (MANIFEST, manifest)):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, content, zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def unpack(path: Path, names: tuple[str, ...], *, may_lack: tuple[str, ...] = ()) -> dict[str, bytes]:
    """Read an archive that must hold ``names``, and a manifest that agrees with what it holds.

    Parameters
    ----------
    path : Path
        The file.
    names : tuple of str
        Members that must be there.
    may_lack : tuple of str
        Members that may be there; no others.

    Returns
    -------
    dict
        Content by name, without the manifest.

    Raises
    ------
    ModelError
        If the file cannot be read, is no such archive, or was cut short, altered or made to harm.
    """
    refused = f"{str(path)!r} was refused: "
    if path.exists() and not path.is_file():
        raise ModelError(f"{refused}it is no file.")
    try:
        size = path.stat().st_size
        if size > _LARGEST_FILE_BYTES:
            raise ModelError(f"{refused}it has {size} bytes; at most {_LARGEST_FILE_BYTES} are allowed.")
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            infos = _checked_infos(archive, names, may_lack, refused)
            members = {name: _read_member(archive, info, refused) for name, info in infos.items()}
    except OSError as error:
        raise ModelError(f"{str(path)!r} cannot be read: {error.strerror or error}.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise ModelError(f"{refused}it is no model file, or was cut short or altered ({error}).") from error
    _check_seals(members, refused)
    del members[MANIFEST]
    return members


def _checked_infos(
    archive: zipfile.ZipFile, names: tuple[str, ...], may_lack: tuple[str, ...], refused: str
) -> dict[str, zipfile.ZipInfo]:
    expected = {*names, *may_lack, MANIFEST}
    infos: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        if info.filename not in expected:
            raise ModelError(f"{refused}it holds {info.filename[:80]!r}; allowed are {', '.join(sorted(expected))}.")
        if info.filename in infos:
            raise ModelError(f"{refused}it holds {info.filename!r} twice.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ModelError(f"{refused}{info.filename!r} is compressed in an unknown way ({info.compress_type}).")
        largest = LARGEST_TOML_BYTES if info.filename.endswith(".toml") else LARGEST_MEMBER_BYTES
        if info.file_size > largest:
            raise ModelError(
                f"{refused}{info.filename!r} claims {info.file_size} bytes; at most {largest} are allowed."
            )
        infos[info.filename] = info
    missing = sorted(expected - set(may_lack) - set(infos))
    if missing:
        raise ModelError(f"{refused}it lacks {', '.join(missing)}. Was it written by another program?")
    return infos


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, refused: str) -> bytes:
    # The claimed size is only a claim: never ask for more bytes than it, whatever the compressed stream holds.
    with archive.open(info) as member:
        content = member.read(info.file_size)
        if len(content) != info.file_size or member.read(1):
            raise ModelError(f"{refused}{info.filename!r} does not have the {info.file_size} bytes that it claims.")
    return content


def _check_seals(members: Mapping[str, bytes], refused: str) -> None:
    sealed = _sealed(members[MANIFEST], refused)
    if lost := sorted(set(sealed) - set(members)):
        raise ModelError(f"{refused}it lacks {', '.join(lost)}, which its manifest names.")
    if set(sealed) != set(members) - {MANIFEST}:
        raise ModelError(f"{refused}its manifest does not name the members that it holds.")
    for name, seal in sealed.items():
        if seal != {"sha256": _sha256(members[name]), "size": len(members[name])}:
            raise ModelError(f"{refused}{name!r} was altered: it does not match its SHA-256 in the manifest.")


def _sealed(manifest: bytes, refused: str) -> dict[str, Any]:
    try:
        sealed = parse_toml(manifest.decode())["members"]
    except (ValueError, RecursionError, KeyError) as error:
        raise ModelError(f"{refused}its manifest is no list of members ({error}).") from error
    if not isinstance(sealed, dict):
        raise ModelError(f"{refused}its manifest is no list of members.")
    return sealed


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
