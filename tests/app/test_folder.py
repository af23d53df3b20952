from pathlib import Path

import pytest

from app.folder import FOLDER_VARIABLE, dashboard_folder, find_files, fingerprint


def test_chosen_folder_goes_before_the_demo_and_the_demo_before_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    assert dashboard_folder() == tmp_path
    (tmp_path / "eegwarn-demo").mkdir()
    assert dashboard_folder() == tmp_path / "eegwarn-demo"
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "mine"))
    assert dashboard_folder() == tmp_path / "mine"


def test_files_are_found_below_in_natural_order_and_hidden_ones_passed_over(tmp_path: Path) -> None:
    names = ("b/p10.EDF", "b/p2.edf", "a/one.edf", ".hidden/no.edf", "a/._no.edf", "a/no.txt")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in find_files(tmp_path, (".edf",))]
    assert found == ["a/one.edf", "b/p2.edf", "b/p10.EDF"]


def test_search_does_not_go_deeper_than_six_folders(tmp_path: Path) -> None:
    for depth in (6, 7):
        deep = tmp_path.joinpath(*"abcdefg"[:depth])
        deep.mkdir(parents=True, exist_ok=True)
        (deep / f"{depth}.edf").touch()
    assert [path.name for path in find_files(tmp_path, (".edf",))] == ["6.edf"]


def test_fingerprint_changes_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.edf"
    path.write_bytes(b"one")
    before = fingerprint(path)
    assert fingerprint(path) == before
    path.write_bytes(b"three")
    assert fingerprint(path) != before
