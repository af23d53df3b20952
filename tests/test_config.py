"""Configurations: to and from TOML, and settings on the command line."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from eegwarn.config import MOST_KEY_PARTS, from_table, override, parse_toml, read_toml, to_table, to_toml
from eegwarn.errors import ConfigError


@dataclass(frozen=True)
class Inner:
    cutoff_hz: float = 0.5
    mode: Literal["fast", "safe"] = "safe"

    def __post_init__(self) -> None:
        if self.cutoff_hz <= 0:
            raise ConfigError(f"cutoff_hz must be above 0, but got {self.cutoff_hz}.")


@dataclass(frozen=True)
class Outer:
    seed: int = 0
    name: str | None = None
    inner: Inner = field(default_factory=Inner)


def test_what_is_written_is_read_again() -> None:
    config = Outer(3, 'a "quoted" name', Inner(2.5, "fast"))
    assert from_table(Outer, tomllib.loads(to_toml(to_table(config)))) == config
    assert from_table(Outer, tomllib.loads(to_toml(to_table(Outer())))) == Outer()


def test_what_is_left_out_takes_its_default() -> None:
    assert from_table(Outer, {"inner": {"mode": "fast"}}) == Outer(inner=Inner(mode="fast"))


def test_an_unknown_key_is_an_error_that_suggests_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"'inner.cutof_hz'. Did you mean 'inner.cutoff_hz'\?"):
        from_table(Outer, {"inner": {"cutof_hz": 1.0}})
    with pytest.raises(ConfigError, match="Known keys are inner, name, seed"):
        from_table(Outer, {"zzz": 1})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"seed": "three"}, r"seed = 'three' is not allowed"),
        ({"inner": {"mode": "slow"}}, r"inner.mode = 'slow' is not allowed"),
        ({"inner": {"cutoff_hz": -1}}, r"cutoff_hz must be above 0, but got -1"),
        ({"inner": 3}, r"inner = 3 is not allowed"),
    ],
)
def test_a_value_that_is_not_allowed_is_shown(table: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        from_table(Outer, table)


def test_settings_reach_into_groups_and_are_read_as_toml_or_text() -> None:
    config = override(Outer(), ["seed=7", "inner.cutoff_hz = 2", "inner.mode=fast", 'name="x=y"'])
    assert config == Outer(7, "x=y", Inner(2, "fast"))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("seed", "lacks a value"),
        ("sed=1", "Did you mean 'seed'"),
        ("inner=1", "is a group of keys"),
        ("seed.x=1", "has no key"),
        ("inner.cutoff_hz=fast", "not allowed"),
        ("inner.cutoff_hz=-1", "above 0"),
    ],
)
def test_a_setting_that_cannot_be_applied_is_refused(setting: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        override(Outer(), [setting])


def test_a_file_that_is_absent_or_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_toml(tmp_path / "absent.toml")
    (tmp_path / "bad.toml").write_text("= 3")
    with pytest.raises(ConfigError, match="is not TOML"):
        read_toml(tmp_path / "bad.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not TOML"):
        read_toml(tmp_path / "bytes.toml")
    (tmp_path / "long.toml").write_text("a = " + 5000 * "9")
    with pytest.raises(ConfigError, match="is not TOML"):
        read_toml(tmp_path / "long.toml")
    with pytest.raises(ConfigError, match="seed = '999"):
        override(Outer(), ["seed=" + 5000 * "9"])


_LONG_KEY = "a." * 100_000 + "a"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        f"{_LONG_KEY} = 1",
        f"[{_LONG_KEY}]",
        f"x = {{{_LONG_KEY} = 1}}",
        '"=".' * 100_000 + "a = 1",
        "'#\"'." * 100_000 + "a = 1",
        f"x = {{y = '''a'b''', {_LONG_KEY} = 1, z = ''}}",
        f'x = {{y = """a"b\\"""", {_LONG_KEY} = 1, z = ""}}',
        f'# """\n{_LONG_KEY} = 1 # """',
    ],
    ids=range(8),
)
def test_a_key_of_very_many_parts_is_refused_before_it_takes_minutes(text: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError, match="a key has more than 100 parts"):
        parse_toml(text)


@pytest.mark.parametrize(
    "text",
    [
        ".".join("a" * MOST_KEY_PARTS) + " = 1",
        f"x = '{_LONG_KEY}'",
        f'x = """\n{_LONG_KEY}\n"""',
        f"x = 1 # {_LONG_KEY}",
        f"x = [{'0.5, ' * 10_000}]",
        'x = "a\\"b" # "\ny = \'c\'',
    ],
    ids=range(6),
)
def test_dots_elsewhere_are_read_as_tomllib_reads_them(text: str) -> None:
    assert parse_toml(text) == tomllib.loads(text)
