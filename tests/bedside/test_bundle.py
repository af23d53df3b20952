"""A model file comes back as it was, and anything else is refused with its reason."""

import errno
import io
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eegwarn.bedside import Bundle, read_bundle, write_bundle
from eegwarn.bedside import archive as archive_module
from eegwarn.bedside.archive import pack
from eegwarn.bedside.bundle import Precision
from eegwarn.errors import ModelError, OutputError

MEMBERS = ("config.toml", "model.onnx", "record.toml", "weights.safetensors")


@pytest.fixture
def model(tmp_path: Path, bundle: Bundle) -> Path:
    path = tmp_path / "a.eegwarn"
    write_bundle(path, bundle)
    return path


def members_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def rewrite(path: Path, members: list[tuple[str, bytes]]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)


def test_a_model_comes_back_as_it_was(model: Path, bundle: Bundle) -> None:
    assert read_bundle(model) == bundle


def test_a_small_model_comes_without_weights_and_says_what_it_cannot_do(model: Path, bundle: Bundle) -> None:
    small = replace(bundle, weights=None, config=replace(bundle.config, precision=Precision(1, 8, True)))
    write_bundle(model, small, overwrite=True)
    assert read_bundle(model) == small
    assert bundle.trainable_weights() == bundle.weights
    with pytest.raises(ModelError, match=r"small \(1 bits\) and holds no weights to train further: .* made from"):
        read_bundle(model).trainable_weights()


def test_a_model_written_before_networks_could_be_small_is_read(model: Path, bundle: Bundle) -> None:
    members = members_of(model)
    precision = b"\n[precision]\nweight_bits = 32\nactivation_bits = 32\nreduced_range = false\n"
    assert precision in members["config.toml"]
    members["config.toml"] = members["config.toml"].replace(precision, b"")
    del members["manifest.toml"]
    model.write_bytes(pack(members))
    assert read_bundle(model) == bundle


def test_equal_models_give_equal_bytes(tmp_path: Path, model: Path, bundle: Bundle) -> None:
    other = tmp_path / "b.eegwarn"
    write_bundle(other, replace(bundle))
    assert other.read_bytes() == model.read_bytes()


def test_an_existing_file_is_kept_unless_asked(model: Path, bundle: Bundle) -> None:
    before = model.read_bytes()
    with pytest.raises(OutputError, match="already exists"):
        write_bundle(model, replace(bundle, weights=b"other"))
    assert model.read_bytes() == before
    write_bundle(model, replace(bundle, weights=b"other"), overwrite=True)
    assert read_bundle(model).weights == b"other"


def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    model: Path, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = model.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left") as caught:
        write_bundle(model, replace(bundle, weights=b"other"), overwrite=True)
    assert "\n" not in str(caught.value)
    assert model.read_bytes() == before
    assert list(model.parent.iterdir()) == [model]


def test_a_missing_folder_is_one_clear_line(tmp_path: Path, bundle: Bundle) -> None:
    with pytest.raises(OutputError, match="cannot be written: No such file"):
        write_bundle(tmp_path / "nowhere" / "a.eegwarn", bundle)


@pytest.mark.parametrize("name", MEMBERS)
def test_a_missing_member_is_named(model: Path, name: str) -> None:
    members = members_of(model)
    del members[name]
    rewrite(model, list(members.items()))
    with pytest.raises(ModelError, match=f"lacks {name}"):
        read_bundle(model)


@pytest.mark.parametrize("name", MEMBERS)
def test_an_altered_member_is_named(model: Path, name: str) -> None:
    members = members_of(model)
    members[name] = members[name][:-1] + bytes([members[name][-1] ^ 1])
    rewrite(model, list(members.items()))
    with pytest.raises(ModelError, match=f"'{name}' was altered"):
        read_bundle(model)


@pytest.mark.parametrize("name", ["../../evil.py", "/etc/passwd", "..\\evil", "model.onnx/../../evil", "extra.bin"])
def test_a_member_that_does_not_belong_is_refused(model: Path, name: str) -> None:
    rewrite(model, [*members_of(model).items(), (name, b"x")])
    with pytest.raises(ModelError, match="it holds"):
        read_bundle(model)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_comes_twice_is_refused(model: Path) -> None:
    rewrite(model, [*members_of(model).items(), ("model.onnx", b"other")])
    with pytest.raises(ModelError, match=r"'model.onnx' twice"):
        read_bundle(model)


def test_a_member_that_claims_too_much_is_refused_unread(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "LARGEST_MEMBER_BYTES", 10_000)
    members = members_of(model)
    rewrite(model, [*((k, v) for k, v in members.items() if k != "model.onnx"), ("model.onnx", bytes(10_001))])
    with pytest.raises(ModelError, match="claims 10001 bytes; at most 10000"):
        read_bundle(model)


@pytest.mark.parametrize("name", ["config.toml", "record.toml", "manifest.toml"])
def test_text_that_would_take_long_to_parse_is_refused_unread(model: Path, name: str) -> None:
    rewrite(model, list((members_of(model) | {name: b"a = 1\n" * 200_000}).items()))
    with pytest.raises(ModelError, match=f"'{name}' claims 1200000 bytes; at most 1048576"):
        read_bundle(model)


def test_a_bomb_that_understates_its_size_is_refused(model: Path) -> None:
    members = members_of(model)
    bomb = bytes(5_000_000)
    rewrite(model, [*((k, v) for k, v in members.items() if k != "model.onnx"), ("model.onnx", bomb)])
    honest = len(bomb).to_bytes(4, "little")
    raw = model.read_bytes()
    assert raw.count(honest) >= 2
    model.write_bytes(raw.replace(honest, (1000).to_bytes(4, "little")))
    with pytest.raises(ModelError, match="refused"):
        read_bundle(model)


def test_a_file_that_is_too_large_is_refused_unread(model: Path) -> None:
    with model.open("r+b") as file:
        file.truncate(2**28)
    with pytest.raises(ModelError, match="it has 268435456 bytes"):
        read_bundle(model)


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_another_compression_is_refused(model: Path, compression: int) -> None:
    members = members_of(model)
    with zipfile.ZipFile(model, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    with pytest.raises(ModelError, match="compressed in an unknown way"):
        read_bundle(model)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "no model file"), (b"not a zip at all", "no model file"), (b"PK\x05\x06" + bytes(18), "lacks config.toml")],
)
def test_what_is_no_model_file_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.eegwarn"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=reason):
        read_bundle(path)


def test_a_missing_file_and_a_folder_are_one_clear_line(tmp_path: Path) -> None:
    for path in (tmp_path / "none.eegwarn", tmp_path):
        with pytest.raises(ModelError, match=r"cannot be read|is no file") as caught:
            read_bundle(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"format = 1", b"format = 2", "has format 2"),
        (b"horizon_s", b"horizont_s", "Did you mean"),
        (b"horizon_s = 0.0", b"horizon_s = -1.0", "horizon_s must be at least 0"),
        (b"horizon_s = 0.0", b"horizon_s = inf", "horizon_s must be at least 0 s and finite"),
        (b"weights = [\n    1.0,\n]", b"weights = []", "trend.weights must be 1 finite number"),
        (b"format = 1", b"format = = 1", "TOML cannot be read"),
        (b"format = 1", b"format = " + b"[" * 9000, "TOML cannot be read"),
        (b"format = 1", b"format = " + b"1" * 9000, "TOML cannot be read"),
        (b"horizon_s = 0.0", b"horizon_s." + b"a." * 1500 + b"a = 0", "TOML cannot be read"),
    ],
)
def test_a_configuration_that_is_not_valid_is_refused(model: Path, old: bytes, new: bytes, reason: str) -> None:
    members = members_of(model)
    del members["manifest.toml"]
    assert old in members["config.toml"]
    model.write_bytes(pack(members | {"config.toml": members["config.toml"].replace(old, new)}))
    with pytest.raises(ModelError, match=reason):
        read_bundle(model)


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"members = 3",
        b"\xff",
        b"members = " + b"[" * 9000,
        b"[members]\n",
        b'[members."model.onnx"]\nsize = 1\n',
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(model: Path, manifest: bytes) -> None:
    rewrite(model, list((members_of(model) | {"manifest.toml": manifest}).items()))
    with pytest.raises(ModelError, match="manifest"):
        read_bundle(model)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_cut_anywhere_is_refused(model: Path, data: st.DataObject) -> None:
    whole = model.read_bytes()
    cut = model.with_name("cut.eegwarn")
    cut.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(ModelError) as caught:
        read_bundle(cut)
    assert "\n" not in str(caught.value)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_byte_is_refused_or_changes_nothing(model: Path, bundle: Bundle, data: st.DataObject) -> None:
    whole = bytearray(model.read_bytes())
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    changed = model.with_name("changed.eegwarn")
    changed.write_bytes(whole)
    try:
        read = read_bundle(changed)
    except ModelError:
        return
    assert read == bundle


def test_the_archive_has_no_times_or_owners(model: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(model.read_bytes())) as file:
        assert {info.date_time for info in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.external_attr for info in file.infolist()} == {0o644 << 16}
