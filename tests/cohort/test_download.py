import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from eegwarn.cli import main
from eegwarn.cohort.download import Transfer, download_chbmit, download_siena
from eegwarn.errors import DownloadError
from training.benchmarks.data_server import DataServer, serving

FILES = {
    "SUBJECT-INFO": b"Case\tGender\n",
    "paper.pdf": b"%PDF",
    "chb01/chb01_01.edf": bytes(range(256)) * 4000,
    "chb01/chb01-summary.txt": b"File Name: chb01_01.edf\n",
    "chb02/chb02_01.edf": b"EDF" * 1000,
}


@pytest.fixture
def archive() -> Iterator[DataServer]:
    with serving(DataServer(FILES)) as server:
        yield server


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_one_patient_comes_with_the_common_texts(tmp_path: Path, archive: DataServer) -> None:
    download_chbmit(tmp_path / "new", patients=["chb01"], base_url=archive.url)
    names = ["SUBJECT-INFO", "chb01/chb01_01.edf", "chb01/chb01-summary.txt"]
    assert contents(tmp_path / "new") == {name: FILES[name] for name in names}


def test_the_command_fetches_a_patient_and_says_where_it_is(
    tmp_path: Path, archive: DataServer, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new"
    assert main(["download", "chb-mit", str(folder), "--patient", "chb01", "--base-url", archive.url]) == 0
    assert f"eegwarn inspect {folder}" in capsys.readouterr().out
    assert (folder / "chb01").is_dir()


def test_all_patients_come_by_default(tmp_path: Path, archive: DataServer) -> None:
    download_siena(tmp_path, base_url=archive.url)
    assert contents(tmp_path) == {name: data for name, data in FILES.items() if not name.endswith(".pdf")}


def test_progress_ends_with_every_byte_of_every_file(tmp_path: Path, archive: DataServer) -> None:
    for _ in range(2):  # the second time, nothing is left to fetch
        steps: list[Transfer] = []
        paths = download_chbmit(tmp_path, patients=["chb01"], base_url=archive.url, progress=steps.append)
        last = {tmp_path / step.name: step for step in steps}
        assert list(last) == list(paths)
        for path, step in last.items():
            assert step.done_bytes == step.total_bytes == path.stat().st_size
        assert [(step.file_number, step.n_files) for step in last.values()] == [(1, 3), (2, 3), (3, 3)]


def test_complete_files_are_not_fetched_again(tmp_path: Path, archive: DataServer) -> None:
    download_chbmit(tmp_path, base_url=archive.url)
    archive.asked.clear()
    download_chbmit(tmp_path, base_url=archive.url)
    assert archive.asked == [("SHA256SUMS.txt", None)]


def test_a_broken_transfer_is_taken_up_where_it_stopped(tmp_path: Path, archive: DataServer) -> None:
    archive.cut_after = 300_000
    download_chbmit(tmp_path, patients=["chb01"], base_url=archive.url, retries=1)
    asked = [wanted for name, wanted in archive.asked if name == "chb01/chb01_01.edf"]
    assert asked == [None, "bytes=300000-"]
    assert contents(tmp_path)["chb01/chb01_01.edf"] == FILES["chb01/chb01_01.edf"]


def test_a_later_call_resumes_too(tmp_path: Path, archive: DataServer) -> None:
    archive.cut_after = 300_000
    with pytest.raises(DownloadError, match="Run the same command again"):
        download_chbmit(tmp_path, patients=["chb01"], base_url=archive.url, retries=0)
    assert not (tmp_path / "chb01/chb01_01.edf").exists()
    archive.asked.clear()
    download_chbmit(tmp_path, patients=["chb01"], base_url=archive.url, retries=0)
    assert ("chb01/chb01_01.edf", "bytes=300000-") in archive.asked
    assert set(contents(tmp_path)) == {"SUBJECT-INFO", "chb01/chb01_01.edf", "chb01/chb01-summary.txt"}


def test_a_server_that_cannot_resume_sends_all_again(tmp_path: Path, archive: DataServer) -> None:
    archive.ranges = False
    archive.cut_after = 300_000
    download_chbmit(tmp_path, patients=["chb01"], base_url=archive.url, retries=1)
    assert contents(tmp_path)["chb01/chb01_01.edf"] == FILES["chb01/chb01_01.edf"]


def test_a_part_that_is_already_whole_is_taken(tmp_path: Path, archive: DataServer) -> None:
    (tmp_path / "chb01").mkdir()
    (tmp_path / "chb01/.chb01_01.edf.part").write_bytes(FILES["chb01/chb01_01.edf"])
    download_chbmit(tmp_path, patients=["chb01"], base_url=archive.url, retries=0)
    assert contents(tmp_path)["chb01/chb01_01.edf"] == FILES["chb01/chb01_01.edf"]


def test_a_wrong_checksum_leaves_no_file(tmp_path: Path, archive: DataServer) -> None:
    archive.files["chb02/chb02_01.edf"] = b"other" * 1000
    with pytest.raises(DownloadError, match="hash"):
        download_chbmit(tmp_path, patients=["chb02"], base_url=archive.url, retries=0)
    assert set(contents(tmp_path)) == {"SUBJECT-INFO"}


def test_a_damaged_part_does_not_stay_in_the_way(tmp_path: Path, archive: DataServer) -> None:
    (tmp_path / "chb02").mkdir()
    (tmp_path / "chb02/.chb02_01.edf.part").write_bytes(b"wrong beginning")
    download_chbmit(tmp_path, patients=["chb02"], base_url=archive.url, retries=1)
    assert contents(tmp_path)["chb02/chb02_01.edf"] == FILES["chb02/chb02_01.edf"]


@pytest.mark.parametrize("name", ["../outside.edf", "/etc/outside", "chb01/../../outside", "C:\\outside", "a\\..\\b"])
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, archive: DataServer, name: str) -> None:
    archive.sums += f"{'0' * 64} {name}\n"
    with pytest.raises(DownloadError, match="outside the folder"):
        download_chbmit(tmp_path / "new", base_url=archive.url)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_patient_is_refused_with_the_nearest(tmp_path: Path, archive: DataServer) -> None:
    with pytest.raises(DownloadError, match="Did you mean 'chb01'"):
        download_chbmit(tmp_path, patients=["chb1"], base_url=archive.url)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path, archive: DataServer) -> None:
    del archive.files["chb02/chb02_01.edf"]
    with pytest.raises(DownloadError, match="404"):
        download_chbmit(tmp_path, patients=["chb02"], base_url=archive.url)


def test_no_network_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        with pytest.raises(DownloadError, match=r"cannot be read.*Check the network") as caught:
            download_chbmit(tmp_path, base_url=url)
    assert "\n" not in str(caught.value)


def test_a_file_that_does_not_end_is_given_up(
    tmp_path: Path, archive: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eegwarn.cohort.download._MOST_BYTES", 2**21)
    archive.endless = "chb01/chb01_01.edf"
    with pytest.raises(DownloadError, match="does not end") as caught:
        download_chbmit(tmp_path, patients=["chb01"], base_url=archive.url)
    assert "\n" not in str(caught.value)
    assert sum(map(len, contents(tmp_path).values())) < 1000


@pytest.mark.parametrize(
    "url", ["file:///etc/", "ftp://127.0.0.1/", "http://[bad/", "https://", "http://a:99999/", "", "\n"]
)
def test_only_web_addresses_are_opened(tmp_path: Path, url: str) -> None:
    with pytest.raises(DownloadError, match="no web address"):
        download_chbmit(tmp_path, base_url=url)


def test_a_page_instead_of_checksums_is_refused(tmp_path: Path, archive: DataServer) -> None:
    archive.sums = "<html>Please sign in</html>"
    with pytest.raises(DownloadError, match="no checksums"):
        download_chbmit(tmp_path, base_url=archive.url)


def test_a_target_that_cannot_be_written_is_one_clear_line(tmp_path: Path, archive: DataServer) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DownloadError) as caught:
        download_chbmit(tmp_path / "file", base_url=archive.url)
    assert "\n" not in str(caught.value)


def test_a_download_that_is_killed_leaves_parts_alone_and_then_none(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "eegwarn.cli", "download", "chb-mit", str(tmp_path), "--base-url"]
    part = tmp_path / "chb01/.chb01_01.edf.part"
    with serving(DataServer(FILES, bytes_per_s=200_000)) as slow:
        running = subprocess.Popen([*command, slow.url], cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL)
        end_s = time.monotonic() + 30
        while not part.exists() and time.monotonic() < end_s:
            time.sleep(0.01)
        running.kill()
        running.wait()
    assert set(contents(tmp_path)) == {"SUBJECT-INFO", "chb01/.chb01_01.edf.part", "chb01/chb01-summary.txt"}
    with serving(DataServer(FILES)) as again:
        assert subprocess.run([*command, again.url], cwd=Path(__file__).parents[2], check=False).returncode == 0
        assert {name for name, _ in again.asked} == {"SHA256SUMS.txt", "chb01/chb01_01.edf", "chb02/chb02_01.edf"}
    assert contents(tmp_path) == {name: data for name, data in FILES.items() if not name.endswith(".pdf")}
