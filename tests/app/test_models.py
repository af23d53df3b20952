"""What the models page makes of model files, jobs and records, without a browser."""

import functools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.access import Person, Role
from app.corrections import corrections_of, moves_in_words
from app.jobs import Job
from app.model_commands import (
    checked_name,
    data_folders,
    evaluate_arguments,
    free_name,
    quantize_arguments,
    read_settings,
    retrain_arguments,
    title_of,
    train_arguments,
)
from app.model_files import ModelFile, family_tree, held_out, promotion_advice, read_model_file
from app.model_plots import SizedModel, moves_plot, pareto_front
from app.model_rows import small_rows
from app.promoted import advice_words, write_promotion
from eegwarn.bedside.bundle import Precision, write_bundle
from eegwarn.cli.entry import app as commands
from eegwarn.errors import ConfigError, EegwarnError
from eegwarn.store import open_store
from eegwarn.store.beds import bed_log
from eegwarn.store.models import stored_models
from eegwarn.store.promotions import present_promotions
from tests.models import amplitude_model

MEAN = {"auroc": {"value": 0.71, "low": 0.5, "high": 0.88, "n_patients": 6}}
EVALUATION = {"data": "6 recordings", "fingerprint": "same", "n_patients": 6, "mean": MEAN}


def made(folder: Path, name: str, record: dict[str, Any] | None = None, *, bits: int = 32) -> ModelFile:
    """Write a model with a record, and read it again."""
    model = amplitude_model()
    precision = Precision(bits, 8 if bits < 32 else 32)
    # The name tells one file's content from another's.
    model = replace(model, config=replace(model.config, precision=precision), record={"called": name, **(record or {})})
    write_bundle(folder / name, model)
    return read_model_file(folder / name, folder)


@pytest.fixture
def family(tmp_path: Path) -> dict[str, ModelFile]:
    """A model, a child, a grandchild made small, one whose parent is gone."""
    old = made(tmp_path, "old.eegwarn")
    advice = {"advice": "do not promote", "reason": "it is worse", "differences": []}
    new = made(
        tmp_path,
        "new.eegwarn",
        {"retrain": {"parent": old.fingerprint, "comparison": advice, "before": EVALUATION}, "evaluation": EVALUATION},
    )
    # What was made small keeps the record of what it was made from.
    small = made(tmp_path, "a-small.eegwarn", {**new.record, "quantize": {"parent": new.fingerprint}}, bits=4)
    alone = made(tmp_path, "z.eegwarn", {"retrain": {"parent": "gone"}})
    return {model.name: model for model in (small, new, old, alone)}


def test_every_model_stands_below_the_one_that_it_was_made_from(family: dict[str, ModelFile]) -> None:
    tree = [(depth, model.name, model.made_by) for depth, model in family_tree(tuple(family.values()))]
    assert tree == [
        (0, "old.eegwarn", "trained"),
        (1, "new.eegwarn", "retrained"),
        (2, "a-small.eegwarn", "4 bits"),
        (0, "z.eegwarn", "retrained"),
    ]


def test_copies_of_a_model_are_listed_and_its_children_once(family: dict[str, ModelFile]) -> None:
    models = (*family.values(), replace(family["old.eegwarn"], name="copy.eegwarn"))
    names = [model.name for _, model in family_tree(models)]
    assert sorted(names) == sorted([*family, "copy.eegwarn"])


def test_held_out_scores_come_from_the_record_an_evaluation_or_a_childs_record(
    family: dict[str, ModelFile], tmp_path: Path
) -> None:
    models, old = tuple(family.values()), family["old.eegwarn"]
    by_child = held_out(old, models, ())
    assert by_child is not None
    assert by_child.source == "the record of new.eegwarn"
    assert by_child.number("auroc", 2) == "0.71 (0.50 to 0.88)"
    assert by_child.number("f1", 2) == "–"
    job = Job(1, tmp_path, "Judge", ("evaluate", "old.eegwarn", "."), old.fingerprint, "anna", "2026-03-01T12:00:00")
    table = {"context": {"data": "all", "fingerprint": "x"}, "mean": {"auroc": {"value": 0.9, "low": None}}}
    (tmp_path / "result.json").write_text(json.dumps(table | {"patients": [{}, {}]}))
    judged = held_out(old, models, (job,))
    assert judged is not None
    assert (judged.source, judged.number("auroc", 1), judged.n_patients) == ("the evaluation of 2026-03-01", "0.9", 2)
    own = held_out(family["new.eegwarn"], models, (job,))
    assert own is not None
    assert own.source == "its own record"
    later = held_out(family["new.eegwarn"], models, (replace(job, model=family["new.eegwarn"].fingerprint),))
    assert later is not None
    assert later.source == "the evaluation of 2026-03-01"
    assert held_out(family["z.eegwarn"], models, (job,)) is None


def test_a_small_model_stands_beside_its_parent_and_plain_8_bits(family: dict[str, ModelFile], tmp_path: Path) -> None:
    against = {name: {"n_bytes": size, **EVALUATION} for name, size in (("before", 1_048_576), ("plain", 131_072))}
    small = made(tmp_path, "s.eegwarn", {"quantize": against, "evaluation": EVALUATION}, bits=1)
    rows = small_rows(small)
    assert [row[""] for row in rows] == ["before", "plain 8 bits", "this model"]
    assert [row["KiB"] for row in rows] == ["1024", "128", f"{small.n_bytes / 1024:.0f}"]
    assert rows[0]["AUROC"] == "0.710 (0.500 to 0.880)"
    assert small_rows(family["new.eegwarn"]) == []


def test_a_record_from_elsewhere_is_taken_for_none(tmp_path: Path) -> None:
    odd = made(tmp_path, "odd.eegwarn", {"evaluation": 3, "retrain": "x", "labels": [1], "quantize": {"parent": "p"}})
    assert held_out(odd, (odd,), ()) is None
    assert (promotion_advice(odd), corrections_of(odd.record), odd.method) == ("", (), "")


def test_only_what_nothing_beats_in_size_and_quality_is_on_the_front() -> None:
    names = {"tiny": (10, 0.6), "worse": (20, 0.55), "good": (30, 0.7), "same": (40, 0.7), "big": (90, 0.8)}
    models = [SizedModel(name, size, value, None, None) for name, (size, value) in names.items()]
    assert [model.name for model in pareto_front(models)] == ["tiny", "good", "big"]


def test_moves_of_marks_are_told_and_drawn_and_doubted_ones_have_none() -> None:
    onsets = [
        {"recording": "r", "mark_s": 100.0, "onset_s": 88.0, "low_s": 85.0, "high_s": 91.0, "p_seizure": 0.9},
        {"recording": "r", "mark_s": 200.0, "onset_s": 203.0, "low_s": 200.0, "high_s": 209.0, "p_seizure": 0.8},
        {"recording": "s", "mark_s": 50.0, "onset_s": float("nan"), "p_seizure": 0.2},
    ]
    record = {"labels": {"onsets": onsets}}
    corrections = corrections_of(record)
    assert [one.moved_s for one in corrections] == [-12.0, 3.0, None]
    assert moves_in_words(record).startswith("Of 3 marks 2 are taken for seizures")
    rows = moves_plot(corrections, ["a", "a", "b"])["data"]["values"]
    assert [(row["mark"], row["moved"], row["low"], row["high"]) for row in rows] == [
        ("a 0:01:40", -12.0, -15.0, -9.0),
        ("a 0:03:20", 3.0, 0.0, 9.0),
    ]


@pytest.mark.parametrize(
    ("arguments", "title"),
    [
        (
            train_arguments(
                "-odd",
                "n.eegwarn",
                config="demo",
                backbone="lstm",
                method="plain",
                horizon_s=300,
                settings=("steps=3",),
            ),
            "Train n.eegwarn",
        ),
        (
            retrain_arguments("m", "d", "n", start="weights", by="a b", store=Path("s.db"), settings=()),
            "Retrain m as n",
        ),
        (quantize_arguments("m", "d", "n", bits=4, method="ste", settings=("steps=3",)), "Make n of m"),
        (evaluate_arguments("m", "-d"), "Evaluate m"),
    ],
)
def test_the_command_line_knows_every_argument_that_the_page_gives(
    arguments: tuple[str, ...], title: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert title_of(arguments) == title
    name, *rest = arguments
    (command,) = [each for each in commands.registered_commands if each.callback and each.callback.__name__ == name]
    taken: dict[str, Any] = {}
    monkeypatch.setattr(command, "callback", _noting(command.callback, taken))
    commands([name, "--json", *rest], standalone_mode=False)
    assert taken["as_json"]
    assert str(taken["data"]) == rest[-1]


def _noting(callback: Any, taken: dict[str, Any]) -> Any:
    @functools.wraps(callback)
    def note(**given: Any) -> None:
        taken.update(given)

    return note


@pytest.mark.parametrize("name", ["", ".eegwarn", "../x", "-x", "a/b", ".hidden", "old.eegwarn", "old"])
def test_a_name_that_is_taken_or_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "old.eegwarn").touch()
    with pytest.raises(ConfigError):
        checked_name(name, tmp_path)
    assert checked_name("new", tmp_path) == "new.eegwarn"
    assert free_name(tmp_path, "old") == "old-2.eegwarn"


def test_settings_are_lines_and_folders_with_recordings_are_offered(folder: Path, tmp_path: Path) -> None:
    assert read_settings(" steps=3 \n\nwindows.window_s=8") == ("steps=3", "windows.window_s=8")
    with pytest.raises(ConfigError, match="NAME=VALUE"):
        read_settings("steps")
    assert data_folders(tmp_path) == ()
    (tmp_path / "ward" / "p1").mkdir(parents=True)
    (tmp_path / "ward" / "p1" / "night.edf").touch()
    assert data_folders(tmp_path) == ("ward",)
    assert data_folders(folder) == (".",)


def test_only_an_admin_promotes_and_what_the_report_said_is_kept(family: dict[str, ModelFile], tmp_path: Path) -> None:
    store = open_store(tmp_path / "store.db")
    bed_log(store, "bed 1")
    new, head = family["new.eegwarn"], Person("head", Role.ADMIN)
    assert advice_words(new) == ("Its own report advises against it: do not promote; it is worse.", "error")
    for role in (Role.VIEWER, Role.ANNOTATOR):
        with pytest.raises(ConfigError, match="only admin may"):
            write_promotion(store, Person("anna", role), ["bed 1"], new)
    assert present_promotions(store) == {}
    write_promotion(store, head, ["bed 1"], new)
    kept = present_promotions(store)["bed 1"]
    assert (kept.by, kept.fingerprint, kept.path) == ("head", new.fingerprint, new.path)
    assert "advises against it" in kept.advice
    made(tmp_path, "other.eegwarn").path.replace(new.path)
    with pytest.raises(EegwarnError, match="has changed"):
        write_promotion(store, head, ["bed 1"], new)
    assert len(stored_models(store)) == 1
    store.close()
