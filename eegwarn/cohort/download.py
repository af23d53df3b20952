"""Public data sets from PhysioNet: one patient or all, resumed where they stopped, checked against their checksums."""

import difflib
import hashlib
import http.client
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from eegwarn.errors import DownloadError

CHBMIT_URL = "https://physionet.org/files/chbmit/1.0.0/"
SIENA_URL = "https://physionet.org/files/siena-scalp-eeg/1.0.0/"

_CHECKSUMS = "SHA256SUMS.txt"
_CHECKSUM_LINE = re.compile(r"([0-9a-f]{64})\s+\*?(.+)")
_TIMEOUT_S = 30
_CHUNK_BYTES = 2**18
_LONGEST_PAUSE_S = 10
_MOST_BYTES = 4 * 2**30
"""Where a server does not say how long a file is: more than a whole day of EEG has in these data sets."""


@dataclass(frozen=True)
class Transfer:
    """How far a download has come.

    Parameters
    ----------
    name : str
        The file under way, as the data set names it.
    file_number, n_files : int
        Its number, from 1, and how many there are.
    done_bytes, total_bytes : int
        Of this file; the same when it is there, also where nothing had to be fetched.
    """

    name: str
    file_number: int
    n_files: int
    done_bytes: int
    total_bytes: int


Progress = Callable[[Transfer], None]


def download_chbmit(
    folder: Path | str,
    *,
    patients: Sequence[str] = (),
    base_url: str = CHBMIT_URL,
    progress: Progress | None = None,
    retries: int = 3,
) -> tuple[Path, ...]:
    """Download CHB-MIT, 24 patients and 42 GB (ODC-BY 1.0, https://doi.org/10.13026/C2K01R).

    Called again, it goes on where it stopped: complete files are kept, a partial one is continued.

    Parameters
    ----------
    folder : Path or str
        Where to; created where it does not exist.
    patients : sequence of str
        For example ``["chb01"]``; empty for all.
    base_url : str
        Where from; it must hold ``SHA256SUMS.txt``.
    progress : callable or None
        Called with a `Transfer` at each step.
    retries : int
        How often a broken transfer of a file is taken up again.

    Returns
    -------
    tuple of Path
        All files asked for, those that were there already included.

    Raises
    ------
    DownloadError
        If a patient is unknown, the server cannot be reached, a checksum does not match, or the disk is full.
    """
    return _download(Path(folder), patients, base_url, progress, retries)


def download_siena(
    folder: Path | str,
    *,
    patients: Sequence[str] = (),
    base_url: str = SIENA_URL,
    progress: Progress | None = None,
    retries: int = 3,
) -> tuple[Path, ...]:
    """Download the Siena scalp EEG data set, 14 patients and 20 GB (CC BY 4.0, https://doi.org/10.13026/5d4a-j060).

    Takes, gives and raises the same as `download_chbmit`; a patient is for example ``"PN00"``.
    """
    return _download(Path(folder), patients, base_url, progress, retries)


def _download(
    folder: Path, patients: Sequence[str], base_url: str, progress: Progress | None, retries: int
) -> tuple[Path, ...]:
    base_url = base_url.rstrip("/") + "/"
    registry = _choose(_read_checksums(base_url), patients)
    for number, (name, sha256) in enumerate(registry.items(), start=1):
        report = partial(_report, progress, name, number, len(registry))
        try:
            if not (folder / name).is_file() or _sha256(folder / name) != sha256:
                _fetch(base_url + urllib.parse.quote(name), folder / name, sha256, report, retries)
            n_bytes = (folder / name).stat().st_size
        except _BrokenTransferError as error:
            raise DownloadError(f"{name!r} could not be fetched whole: {error} Run the same command again.") from error
        except OSError as error:
            raise DownloadError(f"{name!r} cannot be written to {str(folder)!r}: {error.strerror or error}.") from error
        report(n_bytes, n_bytes)
    return tuple(folder / name for name in registry)


def _fetch(url: str, path: Path, sha256: str, report: Callable[[int, int], None], retries: int) -> None:
    """Fetch a file beside its place, and put it there when it is whole; nothing else is left of a broken transfer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    for attempt in range(retries + 1):
        time.sleep(min(attempt, _LONGEST_PAUSE_S))
        try:
            _resume(part, report, url)
            if (found := _sha256(part)) != sha256:
                part.unlink()
                raise _BrokenTransferError(f"its hash is {found}, and {sha256} was promised.")
        except _BrokenTransferError:
            if attempt == retries:
                raise
        else:
            part.replace(path)
            return


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _report(progress: Progress | None, name: str, number: int, n_files: int, done: int, total: int) -> None:
    if progress is not None:
        progress(Transfer(name, number, n_files, done, total))


def _read_checksums(base_url: str) -> dict[str, str]:
    """Read the names and checksums of a data set; a name that would lead out of the folder is refused."""
    url = base_url + _CHECKSUMS
    try:
        with _open(url) as response:
            text = response.read(2**24).decode("utf-8", "replace")
    except (http.client.HTTPException, OSError) as error:
        raise DownloadError(f"{url} cannot be read: {error} Check the network and the address.") from error
    registry = {}
    for line in text.splitlines():
        match = _CHECKSUM_LINE.fullmatch(line.strip())
        if not match:
            continue
        path = PurePosixPath(match[2])
        if path.is_absolute() or ".." in path.parts or re.search(r'[\\:*?"<>|\x00-\x1f]', match[2]):
            raise DownloadError(f"{url} names the file {match[2]!r}, which lies outside the folder. Do not trust it.")
        registry[path.as_posix()] = match[1]
    if not registry:
        raise DownloadError(f"{url} holds no checksums. Check the address; some networks answer with a sign-in page.")
    return registry


def _choose(registry: dict[str, str], patients: Sequence[str]) -> dict[str, str]:
    known = sorted({PurePosixPath(name).parts[0] for name in registry if "/" in name})
    for patient in patients:
        if patient not in known:
            near = difflib.get_close_matches(patient, known, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise DownloadError(f"Unknown patient {patient!r}. {hint}Known are {', '.join(known) or 'none'}.")
    return {
        name: checksum
        for name, checksum in sorted(registry.items())
        # What lies beside the patients' folders are short texts, and papers.
        if (not patients or "/" not in name or PurePosixPath(name).parts[0] in patients) and not name.endswith(".pdf")
    }


class _BrokenTransferError(Exception):
    """A transfer that may succeed when taken up again."""


def _resume(part: Path, report: Callable[[int, int], None], url: str) -> None:
    """Fetch ``url`` to ``part``, beginning where an earlier attempt stopped."""
    done = part.stat().st_size if part.is_file() else 0
    try:
        with _open(url, begin=done) as response:
            if response.status != 206:  # the server sends all of it
                done = 0
            # The connection ends by itself where the announced length does.
            announced = response.length
            total, most = (done, _MOST_BYTES) if announced is None else (done + announced, done + announced)
            with part.open("ab" if done else "wb") as file:
                while done <= most and (chunk := response.read(_CHUNK_BYTES)):
                    file.write(chunk)
                    done += len(chunk)
                    report(done, total)
        if done > most:
            part.unlink()
            raise DownloadError(f"{url} does not end after {done} bytes. Check the address.")
    except http.client.HTTPException as error:
        raise _BrokenTransferError(f"the connection broke after {done} bytes ({type(error).__name__}).") from error
    except urllib.error.HTTPError as error:
        if error.code != 416:  # what is there already is whole, or wrong: the checksum tells
            raise DownloadError(f"{url} answers {error.code} {error.reason}. Check the address.") from error
    except (TimeoutError, ConnectionError, ssl.SSLError, urllib.error.URLError) as error:
        raise _BrokenTransferError(f"the connection broke after {done} bytes ({error}).") from error
    else:
        if done < total:
            raise _BrokenTransferError(f"only {done} of {total} bytes came.")


def _open(url: str, *, begin: int = 0) -> Any:
    try:
        address = urllib.parse.urlsplit(url)
        known = address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:
        known = False
    if not known:
        raise DownloadError(f"{url!r} is no web address. Give one that begins with https://.")
    headers = {"Range": f"bytes={begin}-"} if begin else {}
    request = urllib.request.Request(url, headers={"User-Agent": "eegwarn", **headers})  # noqa: S310 - checked above
    return urllib.request.urlopen(request, timeout=_TIMEOUT_S)  # noqa: S310 - checked above
