"""The command that asks a clinician."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from eegwarn.cli.options import AsJson, Cohort, Engine, Model, Seed, StorePlace

if TYPE_CHECKING:
    from eegwarn.store.place import Place
    from eegwarn.store.queue import Question
    from training.query import Queried


def query(
    model: Model,
    data: Cohort,
    budget: Annotated[int, typer.Option(help="How many clips of 10 s to ask about.")] = 20,
    strategy: Annotated[
        str,
        typer.Option(
            help="What chooses: policy (what was learned where that was shown to be better, else cover), learned, "
            "cover (what is unlike all labels, by turns with chance), "
            "blend (fixed weights), or of scikit-activeml random, margin, entropy, committee, badge, typiclust, "
            "maxherding, falcun, coreset."
        ),
    ] = "policy",
    rater: Annotated[str | None, typer.Option(help="Who is asked; everybody if left out.")] = None,
    seed: Seed = 0,
    store: StorePlace = None,
    engine: Engine = "local",
    as_json: AsJson = False,
) -> None:
    """Choose clips for a clinician to label. They go into the queue of the dashboard's Annotate page.

    Chosen are those from whose labels the model would learn most; it says why of each.
    """
    from getpass import getuser

    from eegwarn.cli import terminal
    from eegwarn.engine import checked_engine
    from eegwarn.store import open_store
    from training.query import QueryConfig, query_clips

    config = QueryConfig(budget, strategy, rater, seed)
    opened = open_store(store)
    with terminal.progress() as progress:
        queried = query_clips(
            model, data, opened, config, by=getuser(), engine=checked_engine(engine), progress=progress
        )
    for name, reason in queried.skipped:
        terminal.say(f"Left out {name}: {reason}")
    if as_json:
        terminal.print_json(queried_table(queried))
    else:
        typer.echo(queried_text(queried, opened.place))


def queried_table(queried: "Queried") -> dict[str, Any]:
    """Turn what was asked into a table for JSON; times in seconds from the recording's start."""
    return {
        "policy": queried.policy,
        "candidates": queried.n_candidates,
        "labelled": queried.n_labelled,
        "clips": [
            {
                "query": query_id,
                "patient": queried.recordings[one.recording_id].patient,
                "recording": str(queried.recordings[one.recording_id].path),
                "start_s": one.start_s,
                "duration_s": one.duration_s,
                "repeat": one.is_repeat,
                "rater": one.rater,
                "reason": dict(one.reason),
                "why": _why(one),
            }
            for query_id, one in zip(queried.query_ids, queried.questions, strict=True)
        ],
        "skipped": [{"recording": name, "reason": reason} for name, reason in queried.skipped],
    }


def queried_text(queried: "Queried", place: "Place") -> str:
    """Write what was asked for a terminal: of each clip where it is and why, and with which store to answer."""
    from app.findings import clock

    lines = [
        f"Asked about {len(queried.questions)} clips, chosen by {queried.policy} from {queried.n_candidates} windows, "
        f"of which {queried.n_labelled} are labelled."
    ]
    for one in queried.questions:
        recording = queried.recordings[one.recording_id]
        lines.append(f"  {recording.patient}  {recording.name}  {clock(one.start_s)}  {_why(one)}")
    return "\n".join([*lines, f"Answer them in the browser: eegwarn dashboard --store {place}"])


def _why(question: "Question") -> str:
    from eegwarn.store.reason_text import why_asked

    if question.is_repeat:
        return f"Labelled by {question.rater} before: does she say the same again?"
    return why_asked(question.reason, is_blind=False)
