"""What the annotation page shows: which clips are asked about, why, and how far a rater has come."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.annotate_answers import Written, write_acts
from app.display import asked_display
from app.montages import BIPOLAR, montages_for
from app.reasons import highest_level
from app.scene import display_choices, page_scene, spectrogram_scene
from app.scores import open_file, open_model, page_of, sha256_of, spectrogram_of
from eegwarn.errors import EegwarnError
from eegwarn.store.agreement import Agreement, agreement_between, agreement_with_oneself
from eegwarn.store.answer import Display
from eegwarn.store.labels import LabelRow
from eegwarn.store.models import StoredModel, read_prediction, stored_models
from eegwarn.store.queue import OpenQuery, n_answered, open_queries
from eegwarn.store.reason_text import why_asked
from eegwarn.store.store import Store

CLIPS_AHEAD = 5
"""Held by the page at any time, so that the next clip is there before the key is pressed."""

AROUND_S = 10.0
"""EEG sent before and after each clip, for a look around."""

CONTEXT_S = 600.0
"""Length of the spectrogram around a clip."""

_LEAST_HELD = 2


@dataclass(frozen=True)
class Work:
    """What the page in the browser has and wants.

    Parameters
    ----------
    acts : tuple of mapping
        What was done and is not known to be stored, as `write_acts` takes it.
    held : tuple of int
        Questions whose clips the page has, in the display that is chosen.
    display : Display
        How the EEG is to be shown.
    is_unblind : bool
        Whether the rater asked for the model's level.
    """

    acts: tuple[Mapping[str, Any], ...] = ()
    held: tuple[int, ...] = ()
    display: Display = field(default_factory=Display)
    is_unblind: bool = False


def work_of(sent: Mapping[str, Any] | None, rater: str) -> Work:
    """Read what the page sent; what it sent for another rater is left to that rater's own visit."""
    if not sent or sent.get("rater") != rater:
        return Work()
    held = tuple(int(one) for one in sent.get("held", ()))
    return Work(tuple(sent.get("acts", ())), held, asked_display(sent.get("display")), bool(sent.get("is_unblind")))


def annotation_scene(store: Store, work: Work, rater: str) -> dict[str, Any]:
    """Write what was done, and gather what the page needs next.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    written = write_acts(store, work.acts, rater=rater)
    left = [act for act in work.acts if act["uid"] not in written.uids]
    queue = open_queries(store, rater=rater)
    done = [int(act["query_id"]) for act in left if act["action"] == "label"]
    ahead = [query for query in queue if query.id not in done][:CLIPS_AHEAD]
    wanted = clip_to_send(ahead, work)
    about = {str(query.id): _about(store, query, work) for query in ahead}
    return page_state(rater, str(store.place), written) | {
        "queue": [query.id for query in queue],
        "clips": [clip_scene(wanted, work.display)] if wanted else [],
        "about": about,
        "n_answered": sum(n_answered(store, rater=rater).values()),
    }


def page_state(rater: str, place: str, written: Written) -> dict[str, Any]:
    """Give what the page is told even where the store cannot be read: its ``queue`` of None leaves all as it is."""
    return {
        "rater": rater,
        "place": place,
        "written": list(written.uids),
        "problem": written.problem,
        "queue": None,
        "clips": [],
        "about": {},
        "n_answered": 0,
        "n_ahead": CLIPS_AHEAD,
        "agreement": [],
    }


def _about(store: Store, query: OpenQuery, work: Work) -> dict[str, str]:
    why = {"why": why_asked(query.reason, is_blind=not work.is_unblind)}
    return why | ({"level": level_in_words(store, query)} if work.is_unblind else {})


def clip_to_send(ahead: Sequence[OpenQuery], work: Work) -> OpenQuery | None:
    """Choose the next clip that the page lacks, one at a time: an answer must not wait long for clips to be read.

    Parameters
    ----------
    ahead : sequence of OpenQuery
        What is asked next, in order.
    work : Work
        What the page has; while it waits to hear that answers are stored, none is sent unless it runs out of them.
    """
    missing = [query for query in ahead if query.id not in work.held]
    n_held = len(ahead) - len(missing)
    return missing[0] if missing and (not work.acts or n_held < _LEAST_HELD) else None


def clip_scene(query: OpenQuery, display: Display) -> dict[str, Any]:
    """Gather all that the page shows of a clip; where its EEG cannot be read, why not."""
    clip = query.clip
    scene: dict[str, Any] = {
        "query_id": query.id,
        "clip_id": clip.id,
        "patient": clip.recording.patient,
        "recording_s": clip.recording.duration_s,
        "start_s": clip.start_s,
        "end_s": clip.end_s,
        "problem": "",
    }
    try:
        opened = open_file(clip.recording.path)
        page = page_of(opened, None, clip.start_s - AROUND_S, clip.duration_s + 2 * AROUND_S, display)
        start_s = min(clip.start_s + clip.duration_s / 2 - CONTEXT_S / 2, clip.recording.duration_s - CONTEXT_S)
        power = spectrogram_of(opened.file_print, max(0.0, start_s), CONTEXT_S, opened)
    except EegwarnError as error:
        moved = "" if clip.recording.path.exists() else " If it was moved, add it again: eegwarn query MODEL FOLDER."
        return scene | {"problem": f"{error}{moved}"}
    choices = display_choices(montages_for(opened.recording.channels))
    return scene | {"page": page_scene(page, None), "spectrogram": spectrogram_scene(power), "choices": choices}


def level_in_words(store: Store, query: OpenQuery) -> str:
    """Tell the model's highest warning level in a clip, for a rater who asked for it.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    model = next((model for model in stored_models(store) if model.fingerprint == query.model), None)
    if model is None:
        return "no model asked, so there is no level"
    predicted = read_prediction(store, model.id, query.clip.recording.id)
    if predicted is None:
        return _judged_now(query, model)
    time_s, level = predicted
    inside = level[(time_s > query.clip.start_s) & (time_s <= query.clip.end_s)]
    return _level(float(np.nanmax(inside)) if np.isfinite(inside).any() else None)


def _judged_now(query: OpenQuery, stored: StoredModel) -> str:
    """Let the model that asked judge the clip now: nobody has stored what it said."""
    clip = query.clip
    try:
        opened, model = open_file(clip.recording.path), open_model(stored.path)
        if sha256_of(model.file_print) != stored.fingerprint:
            return f"no level: {stored.path.name} is another model by now"
        config = model.bundle.config
        start_s = max(0.0, clip.start_s - config.windows.window_s)
        page = page_of(opened, config.signal, start_s, clip.end_s - start_s, Display(BIPOLAR))
        return _level(highest_level(page, model))
    except (EegwarnError, OSError) as error:
        return f"no level: {error}"


def _level(level: float | None) -> str:
    return "the model could not judge this clip" if level is None else f"warning level up to {level:.2f}"


def agreement_in_words(log: Sequence[LabelRow], rater: str, rng: np.random.Generator) -> list[str]:
    """Say how far a rater agrees with herself, and with each other rater."""
    alone = [
        f"with yourself {_kappa(one)} on {one.n_clips} clips shown twice"
        for one in agreement_with_oneself([row for row in log if row.rater == rater], rng)
    ]
    others = [
        f"with {next(name for name in one.raters if name != rater)} {_kappa(one)} on {one.n_clips} clips"
        for one in agreement_between(log, rng)
        if rater in one.raters and len(one.raters) == 2
    ]
    return alone + others


def _kappa(one: Agreement) -> str:
    if not math.isfinite(one.kappa):
        return f"{one.observed:.0%} equal"
    low, high = one.interval
    interval = f" ({low:.2f} to {high:.2f})" if math.isfinite(low) else ""
    return f"κ {one.kappa:.2f}{interval}"
