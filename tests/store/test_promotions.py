"""Which model is to watch a bed, and which one does, stays with who and when; nothing of it is ever changed."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from eegwarn.errors import StoreError
from eegwarn.store import Store, open_store
from eegwarn.store.audit import acts
from eegwarn.store.beds import bed_log
from eegwarn.store.migrate import REVISIONS, upgrade
from eegwarn.store.models import add_model, stored_models
from eegwarn.store.place import find_place
from eegwarn.store.promotions import add_watch, present_promotions, present_watches, promote, promotion_log

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def model(store: Store, folder: Path, name: str = "new.eegwarn") -> int:
    path = folder / name
    path.write_bytes(name.encode())
    return add_model(store, path, by="engineer").id


def test_the_latest_promotion_of_a_bed_counts_and_all_of_them_stay(store: Store, tmp_path: Path) -> None:
    for bed in ("bed 1", "bed 2"):
        bed_log(store, bed)
    first, second = model(store, tmp_path, "a.eegwarn"), model(store, tmp_path, "b.eegwarn")
    promote(store, ["bed 1", "bed 2"], first, by="head", advice="promote", at=NOON)
    promote(store, ["bed 1"], second, by="head", advice="cannot tell", at=NOON + timedelta(hours=1))
    present = present_promotions(store)
    assert {bed: one.path for bed, one in present.items()} == {
        "bed 1": tmp_path / "b.eegwarn",
        "bed 2": tmp_path / "a.eegwarn",
    }
    assert present["bed 1"].fingerprint == hashlib.sha256(b"b.eegwarn").hexdigest()
    latest, *earlier = promotion_log(store)
    assert (latest.by, latest.at, latest.advice) == ("head", NOON + timedelta(hours=1), "cannot tell")
    assert {one.bed for one in earlier} == {"bed 1", "bed 2"}
    assert promotion_log(store, most=1) == (latest,)


def test_a_bed_is_given_back_by_promoting_none(store: Store, tmp_path: Path) -> None:
    bed_log(store, "bed 1")
    promote(store, ["bed 1"], model(store, tmp_path), by="head")
    promote(store, ["bed 1"], None, by="head")
    assert present_promotions(store)["bed 1"].fingerprint is None


def test_nothing_is_promoted_where_a_bed_or_the_model_is_not_known(store: Store, tmp_path: Path) -> None:
    bed_log(store, "bed 1")
    known = model(store, tmp_path)
    for beds, number, message in (
        (["bed 1", "bed 9"], known, "knows no bed 'bed 9'"),
        (["bed 1"], known + 1, "refuses the row"),
        ([], known, "No bed was named"),
    ):
        with pytest.raises(StoreError, match=message):
            promote(store, beds, number, by="head")
    with pytest.raises(StoreError):
        add_watch(store, "bed 9", "print", tmp_path, by="ward")
    assert promotion_log(store) == ()


def test_the_audit_tells_who_promoted_what_and_who_let_it_watch(store: Store, tmp_path: Path) -> None:
    bed_log(store, "bed 1")
    promote(store, ["bed 1"], model(store, tmp_path), by="head", at=NOON)
    (known,) = stored_models(store)
    add_watch(store, "bed 1", known.fingerprint, known.path, by="ward", at=NOON + timedelta(minutes=1))
    promote(store, ["bed 1"], None, by="head", at=NOON + timedelta(minutes=2))
    assert present_watches(store)["bed 1"].fingerprint == known.fingerprint
    told = [(act.who, act.what, act.about, act.detail) for act in acts(store, until=NOON + timedelta(hours=1))]
    assert told == [
        ("head", "promote", "bed 1", known.fingerprint),
        ("ward", "watch", "bed 1", known.fingerprint),
        ("head", "give back", "bed 1", ""),
    ]


def test_a_store_from_before_promotions_is_brought_up_to_date(empty_place: str) -> None:
    engine = create_engine(find_place(empty_place).url)
    with engine.begin() as connection:
        upgrade(connection, REVISIONS[1])
        connection.execute(text("INSERT INTO beds (name) VALUES ('bed 1')"))
    engine.dispose()
    store = open_store(empty_place)
    assert present_promotions(store) == {}
    promote(store, ["bed 1"], None, by="head")
    assert [one.bed for one in promotion_log(store)] == ["bed 1"]
    store.close()
