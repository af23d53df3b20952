"""Why a model judged a stretch of EEG as it did: the window that spoke most for a seizure, and what in it did."""

import math
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.eeg_page import EegPage
from app.montages import side_of
from app.scores import OpenedModel, Print
from eegwarn.bedside.bundle import Bundle
from eegwarn.bedside.reasons import Reasons, reasons
from eegwarn.bedside.runtime import Runtime
from eegwarn.errors import RecordingError
from eegwarn.signal.montage import LONGITUDINAL_BIPOLAR
from eegwarn.signal.windows import Windows, cut_windows
from eegwarn.warning.calibrate import probability


def reasons_on(page: EegPage, model: OpenedModel) -> dict[str, Any]:
    """Weigh what is in the window of a page that speaks most for a seizure, ready to be drawn.

    Parameters
    ----------
    page : EegPage
        In the bipolar montage, filtered as the model sees it; as long as a window or longer.
    model : OpenedModel
        Whose decision it is.

    Raises
    ------
    RecordingError
        If no window of it can be judged.
    ModelError
        If the network fails.
    """
    windows, logit = _judged(page, model)
    if not np.isfinite(logit).any():
        raise RecordingError("No window of this stretch could be judged, so there is nothing to weigh.")
    found = reasons(_runtime(model.file_print, model.bundle), windows, int(np.nanargmax(logit)))
    config = model.bundle.config
    level = float(probability(config.calibration, np.array([found.logit]))[0])
    return _scene(found, page.names, level, has_trend=bool(config.trend.time_constants_s))


def highest_level(page: EegPage, model: OpenedModel) -> float | None:
    """Give the highest warning level of a page's windows, each by itself; None where none could be judged.

    Raises
    ------
    RecordingError
        If the page is not what the model sees, or the model weighs minutes that lie before it.
    ModelError
        If the network fails.
    """
    if model.bundle.config.trend.time_constants_s:
        raise RecordingError(
            "The model weighs the minutes before a clip as well: score the recording to see its level."
        )
    _, logit = _judged(page, model)
    level = probability(model.bundle.config.calibration, logit[np.isfinite(logit)])
    return float(level.max()) if level.size else None


def _judged(page: EegPage, model: OpenedModel) -> tuple[Windows, NDArray[np.float64]]:
    if page.names != LONGITUDINAL_BIPOLAR:
        raise RecordingError("The model sees bipolar derivations, which cannot be formed of this recording.")
    data_uv, config = page.data * np.float32(page.scale_uv), model.bundle.config.windows
    windows = cut_windows(data_uv, page.quality, sfreq=page.sfreq, config=config, first_start_s=page.start_s)
    return windows, _runtime(model.file_print, model.bundle).logit(windows)


def _scene(found: Reasons, names: tuple[str, ...], level: float, *, has_trend: bool) -> dict[str, Any]:
    part_s = found.window_s / len(found.by_part)
    return {
        "start_s": found.start_s,
        "end_s": found.start_s + found.window_s,
        "logit": round(found.logit, 3),
        "level": round(level, 3),
        "has_trend": has_trend,
        "derivations": [
            {"name": name, "side": side_of(name), "weight": None if math.isnan(weight) else round(weight, 3)}
            for name, weight in zip(names, found.by_derivation.tolist(), strict=True)
        ],
        "parts": [
            {"start_s": found.start_s + number * part_s, "weight": round(weight, 3)}
            for number, weight in enumerate(found.by_part.tolist())
        ],
    }


@st.cache_resource(max_entries=8, show_spinner=False)
def _runtime(file_print: Print, _bundle: Bundle) -> Runtime:
    return Runtime(_bundle)
