"""Frozen dataclasses to and from TOML.

A configuration is a frozen dataclass that lives beside what it configures. Here is only the way in and out:
an unknown key is an error that suggests the nearest known one, and a value of the wrong type is an error that
shows it.
"""

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from eegwarn.errors import ConfigError

Config = TypeVar("Config")

MOST_KEY_PARTS = 100
"""Of a key in TOML; ours have three."""

_QUOTED = re.compile(r'''"""(?:[^\\]|\\.)*?"""|'{3}.*?'{3}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\#[^\n]*''', re.DOTALL)
"""Strings and comments, the long ones first: dots in them part no key."""

_BETWEEN_KEYS = re.compile(r"[=,\n\[\]{}]")


def from_table(config_type: type[Config], table: Mapping[str, Any], *, where: str = "") -> Config:
    """Build a configuration from a table as TOML gives it.

    Parameters
    ----------
    config_type : type
        A dataclass; nested dataclasses are read from nested tables.
    table : mapping
        Keys are field names. A key that is left out takes its default.
    where : str
        What the keys are shown under in messages, such as ``"signal."``.

    Returns
    -------
    object
        An instance of ``config_type``, validated by its own ``__post_init__``.

    Raises
    ------
    ConfigError
        If a key is unknown or a value has the wrong type or is out of bounds.
    """
    hints = get_type_hints(config_type)
    known = [field.name for field in fields(config_type) if field.init]  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise ConfigError(unknown_key_message(where + key, [where + name for name in known]))
        if is_dataclass(hints[key]) and isinstance(value, Mapping):
            values[key] = from_table(hints[key], value, where=f"{where}{key}.")
        else:
            values[key] = _checked(hints[key], value, where + key)
    try:
        return config_type(**values)
    except TypeError as error:
        raise ConfigError(f"{config_type.__name__} cannot be built from {dict(table)!r}: {error}.") from error


def unknown_key_message(key: str, known: Sequence[str]) -> str:
    """Say that ``key`` is unknown, with the nearest of ``known`` or all of them."""
    nearest = difflib.get_close_matches(key, known, n=1)
    hint = f"Did you mean {nearest[0]!r}?" if nearest else f"Known keys are {', '.join(sorted(known))}."
    return f"Unknown configuration key {key!r}. {hint}"


def _checked(expected: Any, value: Any, key: str) -> Any:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(expected).validate_python(value)
    except ValidationError as error:
        raise ConfigError(f"{key} = {value!r} is not allowed: {error.errors()[0]['msg']}.") from error


def to_table(config: Any) -> dict[str, Any]:
    """Turn a configuration into a nested table that TOML can hold; ``None`` is left out."""
    return _without_none(asdict(config))


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_none(value) if isinstance(value, dict) else value
        for key, value in table.items()
        if value is not None
    }


def to_toml(table: Mapping[str, Any]) -> str:
    """Write a table as TOML text."""
    import tomli_w

    return tomli_w.dumps(table)


def parse_toml(text: str) -> dict[str, Any]:
    """Read TOML text.

    `tomllib` takes time and memory that grow with the square of a key's parts: a key of a hundred thousand would take
    minutes and gigabytes, so one of more than `MOST_KEY_PARTS` is refused unread.

    Raises
    ------
    ValueError
        If it is not TOML, or a key has too many parts.
    RecursionError
        If lists or tables are nested too deep.
    """
    stretches = _BETWEEN_KEYS.split(_QUOTED.sub("", text))
    if any(stretch.count(".") >= MOST_KEY_PARTS for stretch in stretches):
        raise tomllib.TOMLDecodeError(f"a key has more than {MOST_KEY_PARTS} parts")
    return tomllib.loads(text)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    ConfigError
        If the file cannot be read or is not TOML.
    """
    try:
        return parse_toml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"Configuration {str(path)!r} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:  # not UTF-8, not TOML, a number of 5000 digits, lists 5000 deep
        raise ConfigError(f"Configuration {str(path)!r} is not TOML: {error}.") from error


def override(config: Config, settings: Sequence[str]) -> Config:
    """Apply ``--set`` settings to a configuration.

    Parameters
    ----------
    config : dataclass
        The configuration to start from; it is not changed.
    settings : sequence of str
        Each ``key=value`` or ``part.key=value``. The value is read as TOML, and as text where it is not TOML.

    Raises
    ------
    ConfigError
        If a setting has no ``=``, or its key or value is not allowed.
    """
    for setting in settings:
        key, separator, text = setting.partition("=")
        if not separator:
            raise ConfigError(f"--set {setting!r} lacks a value. Write it as key=value, for example windows.hop_s=2.")
        config = _override_one(config, key.strip().split("."), _parse_value(text.strip()), prefix="")
    return config


def _parse_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text


def _override_one(config: Config, path: list[str], value: Any, *, prefix: str) -> Config:
    name, *rest = path
    known = [field.name for field in fields(config)]  # type: ignore[arg-type]
    if name not in known:
        raise ConfigError(unknown_key_message(prefix + name, [prefix + other for other in known]))
    current = getattr(config, name)
    if rest:
        if not is_dataclass(current):
            raise ConfigError(f"{prefix}{name} holds a value and has no key {'.'.join(rest)!r}.")
        new = _override_one(current, rest, value, prefix=f"{prefix}{name}.")
    elif is_dataclass(current):
        raise ConfigError(
            f"{prefix}{name} is a group of keys. Set one of them, such as {prefix}{name}.{fields(current)[0].name}."
        )
    else:
        new = _checked(get_type_hints(type(config))[name], value, prefix + name)
    return replace(config, **{name: new})  # type: ignore[type-var]
