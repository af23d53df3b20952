"""Commands about the store: the clinician's labels, and the alarms of beds."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eegwarn.cli.options import AsJson, Overwrite, Seed, StorePlace, check_outputs
from eegwarn.errors import EventsError, OutputError, StoreError

if TYPE_CHECKING:
    from eegwarn.store.agreement import Agreement
    from eegwarn.store.alarms import StoredAlarm
    from eegwarn.store.label_import import GivenLabel
    from eegwarn.store.labels import LabelRow
    from eegwarn.store.store import Store

labels_app = typer.Typer(help="The clinician's labels: list, import and export them.")
alarms_app = typer.Typer(help="The alarms of beds: list them.")

Rater = Annotated[str | None, typer.Option(help="Only this rater's.")]
OfPatient = Annotated[str | None, typer.Option("--patient", help="Only on recordings of this patient.")]


@labels_app.command("list")
def list_labels(
    rater: Rater = None,
    patient: OfPatient = None,
    log: Annotated[bool, typer.Option("--log", help="All that was written, undone labels and skips as well.")] = False,
    agreement: Annotated[
        bool, typer.Option("--agreement", help="How far raters agree, and each with herself, instead of the labels.")
    ] = False,
    seed: Seed = 0,
    store: StorePlace = None,
    as_json: AsJson = False,
) -> None:
    """List the labels that count now."""
    import numpy as np

    from eegwarn.cli import terminal
    from eegwarn.store import open_store
    from eegwarn.store.agreement import agreement_between, agreement_with_oneself
    from eegwarn.store.labels import label_log, present_labels

    written = label_log(open_store(store, create=False), rater=rater, patient=patient)
    if agreement:
        rng = np.random.default_rng(seed)
        found = (*agreement_between(written, rng), *agreement_with_oneself(written, rng))
        if as_json:
            terminal.print_json([_agreement_table(one) for one in found])
        else:
            typer.echo("\n".join(map(_agreement_text, found)) or "No clip was labelled twice yet.")
        return
    shown = written if log else present_labels(written)
    if as_json:
        terminal.print_json([_label_table(row) for row in shown])
    else:
        typer.echo("\n".join(map(_label_text, shown)) or "No labels yet.")


def _agreement_table(agreement: "Agreement") -> dict[str, Any]:
    return {
        "raters": agreement.raters,
        "clips": agreement.n_clips,
        "observed": agreement.observed,
        "kappa": agreement.kappa,
        "interval": agreement.interval,
    }


def _agreement_text(agreement: "Agreement") -> str:
    who = f"{agreement.raters[0]} with herself" if len(agreement.raters) == 1 else ", ".join(agreement.raters)
    low, high = agreement.interval
    interval = f"95 % interval {low:.2f} to {high:.2f}" if low == low else "too few recordings for an interval"
    return (
        f"{who}: kappa {agreement.kappa:.2f} ({interval}), {100 * agreement.observed:.0f} % equal on "
        f"{agreement.n_clips} clips"
    )


def _label_table(row: "LabelRow") -> dict[str, Any]:
    answer = row.answer
    return {
        "id": row.id,
        "uid": row.uid,
        "action": row.action,
        "undoes": row.undoes,
        "undone": row.is_undone,
        "at": row.at.isoformat(),
        "rater": row.rater,
        "patient": row.clip.recording.patient,
        "recording": str(row.clip.recording.path),
        "start_s": row.clip.start_s,
        "duration_s": row.clip.duration_s,
        "label": answer and answer.label.value,
        "confidence": answer and answer.confidence,
        "onset_s": answer and answer.onset_s,
        "comment": answer and answer.comment,
        "saw_level": answer and answer.saw_level,
        "model": row.model,
        "policy": row.policy,
        "repeat": row.is_repeat,
    }


def _label_text(row: "LabelRow") -> str:
    said = row.action if row.answer is None else row.answer.label.value
    onset = f" from {row.answer.onset_s:g} s" if row.answer and row.answer.onset_s is not None else ""
    undone = "  (undone)" if row.is_undone else ""
    where = f"{row.clip.recording.name}  {row.clip.start_s:g}-{row.clip.end_s:g} s"
    return f"{row.at:%Y-%m-%d %H:%M:%S}  {row.rater}  {where}  {said}{onset}{undone}"


@labels_app.command("import")
def import_file(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A table of labels (.tsv), or an EDF+ file with annotations.")
    ],
    data: Annotated[
        Path | None, typer.Option(help="A folder of recordings that the labels are about; they are added to the store.")
    ] = None,
    of: Annotated[str | None, typer.Option(help="The recording that an EDF+ file's annotations are about.")] = None,
    rater: Annotated[str | None, typer.Option(help="Who gave the labels that do not say so.")] = None,
    store: StorePlace = None,
    as_json: AsJson = False,
) -> None:
    """Import labels. Those that are there already are left as they are."""
    from getpass import getuser

    from eegwarn.cli import terminal
    from eegwarn.cohort import read_cohort
    from eegwarn.store import open_store
    from eegwarn.store.label_import import import_labels
    from eegwarn.store.label_table import read_label_table
    from eegwarn.store.recordings import add_cohort

    opened = open_store(store)
    if data is not None:
        add_cohort(opened, [(one, one.content()) for one in read_cohort(data).recordings], by=getuser())
    given = _marks(opened, file, of, rater) if file.suffix.lower() != ".tsv" else read_label_table(file, rater=rater)
    imported = import_labels(opened, given)
    if as_json:
        terminal.print_json({"new": imported.n_new, "known": imported.n_known})
    else:
        typer.echo(f"{imported.n_new} labels written; {imported.n_known} were there already.")


def _marks(store: "Store", file: Path, of: str | None, rater: str | None) -> "tuple[GivenLabel, ...]":
    from eegwarn.signal import open_recording
    from eegwarn.store.label_marks import labels_from_marks
    from eegwarn.store.recordings import stored_recordings

    wanted = of or file.name
    named = [one for one in stored_recordings(store) if wanted in (one.name, str(one.path))]
    if len(named) != 1:
        raise StoreError(
            f"{wanted!r} is {f'the name of {len(named)}' if named else 'none of the'} recordings that the store knows. "
            "Name the one that the annotations are about with --of."
        )
    given = labels_from_marks(open_recording(file).marks, named[0], rater=rater)
    if not given:
        raise EventsError(
            f"{str(file)!r} holds no labels: annotations with a duration, such as 'not seizure (anna)'. Name who gave "
            "them with --rater."
        )
    return given


@labels_app.command("export")
def export(
    out: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to write: .tsv for a table, .edf for EDF+ with its EEG.")
    ],
    recording: Annotated[str | None, typer.Option(help="Only labels on this recording; needed for .edf.")] = None,
    rater: Rater = None,
    patient: OfPatient = None,
    overwrite: Overwrite = False,
    store: StorePlace = None,
    as_json: AsJson = False,
) -> None:
    """Export the labels that count now, as a table that `train --clips` reads too, or as EDF+ annotations."""
    from eegwarn.cli import terminal
    from eegwarn.signal import open_recording
    from eegwarn.store import open_store
    from eegwarn.store.label_marks import export_label_marks
    from eegwarn.store.label_table import write_label_table
    from eegwarn.store.labels import label_log, present_labels

    present = present_labels(label_log(open_store(store, create=False), rater=rater, patient=patient))
    if recording is not None:
        present = tuple(row for row in present if recording in (row.clip.recording.name, str(row.clip.recording.path)))
    if out.suffix.lower() == ".tsv":
        check_outputs(out, inputs=(), overwrite=overwrite)
        write_label_table(out, present)
    elif out.suffix.lower() == ".edf":
        paths = {row.clip.recording.path for row in present}
        if len(paths) != 1:
            raise StoreError(
                f"An EDF+ file holds the labels of one recording, but these are on {len(paths)}. Choose one with "
                "--recording."
            )
        check_outputs(out, inputs=tuple(paths), overwrite=overwrite)
        export_label_marks(open_recording(paths.pop()), present, out)
    else:
        raise OutputError(f"Labels are written to NAME.tsv or NAME.edf, but got {str(out)!r}. Choose one of the two.")
    if as_json:
        terminal.print_json({"labels": len(present), "file": str(out)})
    else:
        typer.echo(f"{len(present)} labels written to {out}.")


@alarms_app.command("list")
def list_alarms(
    bed: Annotated[str | None, typer.Option(help="Only of this bed.")] = None,
    hours: Annotated[float, typer.Option(help="How far back from now; 0: all alarms.", min=0, max=1e6)] = 24.0,
    store: StorePlace = None,
    as_json: AsJson = False,
) -> None:
    """List alarms and what was done about them. The latest first; times are UTC.

    A recording that is played keeps its own dates, so its alarms may be years old.
    """
    from eegwarn.cli import terminal
    from eegwarn.store import open_store
    from eegwarn.store.alarms import alarms_between

    opened = open_store(store, create=False)
    since = datetime.now(UTC) - timedelta(hours=hours) if hours else None
    found = alarms_between(opened, since, bed=bed)
    if as_json:
        terminal.print_json([_alarm_table(alarm) for alarm in found])
    else:
        older = alarms_between(opened, None, since, bed=bed, most=1) if since and not found else ()
        typer.echo("\n".join(map(_alarm_text, found)) or _no_alarm_text(hours, older))


def _no_alarm_text(hours: float, older: "Sequence[StoredAlarm]") -> str:
    said = f"No alarm in the last {hours:g} hours." if hours else "No alarm yet."
    return said + "".join(
        f" The latest before them is of {one.raised_at:%Y-%m-%d %H:%M}; --hours 0 lists all." for one in older
    )


def _alarm_table(alarm: "StoredAlarm") -> dict[str, Any]:
    return {
        "id": alarm.id,
        "bed": alarm.bed,
        "raised_at": alarm.raised_at.isoformat(),
        "cleared_at": alarm.cleared_at and alarm.cleared_at.isoformat(),
        "peak_probability": alarm.peak_probability,
        "latched": alarm.is_latched,
        "false": alarm.is_false,
        "actions": [
            {"at": action.at.isoformat(), "by": action.actor, "kind": action.kind.value, "reason": action.reason}
            for action in alarm.actions
        ],
    }


_DONE = {
    "acknowledge": "acknowledged",
    "mute": "muted",
    "mark_false": "marked false",
    "withdraw_false": "taken back that it is false",
}


def _alarm_text(alarm: "StoredAlarm") -> str:
    done = ", ".join(f"{_DONE[action.kind.value]} by {action.actor}" for action in alarm.actions) or "not acknowledged"
    return f"{alarm.raised_at:%Y-%m-%d %H:%M:%S}  {alarm.bed}  level {alarm.peak_probability:.2f}  {done}"
