"""Which model is to watch which bed, by whose word, and which one watches it.

To promote a model to a bed is to say with which one the bed's monitor is to start. It changes nothing under a monitor
that runs: that goes on with the model it started with, and reads promotions when it is started again. Both what was
promoted and what watched stays for good, with who and when.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table, func, insert, select

from eegwarn.errors import StoreError
from eegwarn.store.people import checked_person
from eegwarn.store.schema import beds, models, promotions, watches
from eegwarn.store.store import Store


@dataclass(frozen=True)
class Promotion:
    """A model that somebody promoted to a bed.

    Parameters
    ----------
    bed : str
        Name of the bed.
    fingerprint, path : str and Path, or None
        SHA-256 of the model's file, and where that was last seen; None gives the bed back to the model that the
        monitor's own command or ``beds.toml`` names.
    at : datetime
        UTC.
    by : str
        Who.
    advice : str
        What the model's own report said about promoting it, as who promoted it was told.
    """

    bed: str
    fingerprint: str | None
    path: Path | None
    at: datetime
    by: str
    advice: str


@dataclass(frozen=True)
class Watch:
    """A model with which a monitor began to watch a bed: the file's SHA-256 and path, when (UTC), and as which user."""

    bed: str
    fingerprint: str
    path: Path
    at: datetime
    by: str


def promote(
    store: Store,
    to_beds: Sequence[str],
    model_id: int | None,
    *,
    by: str,
    advice: str = "",
    at: datetime | None = None,
) -> None:
    """Promote a model to beds, all or none; their monitors take it when they are started again.

    Parameters
    ----------
    store : Store
        That the monitors of the beds write to.
    to_beds : sequence of str
        Names of beds that were watched before.
    model_id : int or None
        The model's number in the store, see `eegwarn.store.models.add_model`; None gives the beds back to the model
        that the monitor's own command or ``beds.toml`` names.
    by : str
        Who.
    advice : str
        What the model's own report said about it; the first 500 characters are kept.
    at : datetime or None
        When; now if None.

    Raises
    ------
    StoreError
        If no bed is named, a bed or the model is not known, or the store cannot be written.
    """
    if not to_beds:
        raise StoreError("No bed was named. Choose at least one.")
    row = {"model_id": model_id, "at": at or datetime.now(UTC), "actor": checked_person(by), "advice": advice[:500]}
    with store.writing() as connection:
        found = connection.execute(select(beds.c.name, beds.c.id).where(beds.c.name.in_(to_beds))).all()
        ids = {row.name: row.id for row in found}
        unknown = [name for name in to_beds if name not in ids]
        if unknown:
            raise StoreError(f"The store knows no bed {unknown[0]!r}. Watch it once with eegwarn monitor.")
        connection.execute(insert(promotions), [row | {"bed_id": ids[name]} for name in dict.fromkeys(to_beds)])


def promotion_log(store: Store, *, most: int | None = None) -> tuple[Promotion, ...]:
    """Give all that was promoted, the latest first; where ``most`` is given, only so many.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    with store.reading() as connection:
        rows = connection.execute(_promotions().order_by(promotions.c.id.desc()).limit(most))
        return tuple(_promotion(row) for row in rows)


def present_promotions(store: Store) -> dict[str, Promotion]:
    """Give the latest promotion of every bed that has one.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    with store.reading() as connection:
        rows = connection.execute(_promotions().where(promotions.c.id.in_(_latest(promotions))))
        return {row.name: _promotion(row) for row in rows}


def add_watch(store: Store, bed: str, fingerprint: str, path: Path, *, by: str, at: datetime | None = None) -> None:
    """Write down with which model a monitor begins to watch a bed, which must be known.

    Raises
    ------
    StoreError
        If there is no such bed, or the store cannot be written.
    """
    row = {"fingerprint": fingerprint, "path": str(path), "at": at or datetime.now(UTC), "actor": checked_person(by)}
    with store.writing() as connection:
        number = select(beds.c.id).where(beds.c.name == bed).scalar_subquery()
        connection.execute(insert(watches).values(bed_id=number, **row))


def present_watches(store: Store) -> dict[str, Watch]:
    """Give the latest model of every bed that was watched since such things are written down.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    columns = beds.c.name, watches.c.fingerprint, watches.c.path, watches.c.at, watches.c.actor
    query = select(*columns).join_from(watches, beds).where(watches.c.id.in_(_latest(watches)))
    with store.reading() as connection:
        rows = connection.execute(query).all()
    return {row.name: Watch(row.name, row.fingerprint, Path(row.path), row.at, row.actor) for row in rows}


def _promotions() -> Any:
    columns = beds.c.name, models.c.fingerprint, models.c.path, promotions.c.at, promotions.c.actor, promotions.c.advice
    return select(*columns).select_from(promotions).join(beds).join(models, isouter=True)


def _latest(log: Table) -> Any:
    return select(func.max(log.c.id)).group_by(log.c.bed_id)


def _promotion(row: Any) -> Promotion:
    path = None if row.path is None else Path(row.path)
    return Promotion(row.name, row.fingerprint, path, row.at, row.actor, row.advice)
