"""What a frozen network sees of every window of a cohort, kept on disk, so that a cohort may be larger than memory."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from eegwarn.backbones import Backbone
from eegwarn.bedside.runtime import network_input
from training.network import parts_of
from training.ranks import ALONE, Ranks
from training.windows import LabelledRecording


def write_features(
    network: Backbone,
    recordings: Sequence[LabelledRecording],
    folder: Path,
    device: torch.device,
    ranks: Ranks = ALONE,
) -> tuple[NDArray[np.float32], ...]:
    """Compute features and logit of all usable windows.

    Parameters
    ----------
    network : Backbone
        Frozen.
    recordings : sequence of LabelledRecording
        Whose windows.
    folder : Path
        For one file a recording; made where it is missing, and up to the caller to remove.
    device : torch.device
        Where the network is.
    ranks : Ranks
        Processes that share the recordings out; all wait until the last is done.

    Returns
    -------
    tuple of ndarray of float32, shape (n_windows, n_features + 1)
        Mapped from disk; the last column is the logit. Rows of windows that are not usable are NaN.
    """
    folder.mkdir(parents=True, exist_ok=True)
    network.eval()
    shapes = [(len(each.windows), network.n_features + 1) for each in recordings]
    for number, each in enumerate(recordings):
        if not ranks.owns(number):
            continue
        rows = np.memmap(folder / f"{number}.f32", dtype=np.float32, mode="w+", shape=shapes[number])
        rows[~each.windows.usable] = np.nan
        for part in parts_of(np.flatnonzero(each.windows.usable)):
            with torch.inference_mode():
                features = network.features(torch.from_numpy(network_input(each.windows, part)).to(device))
                logit = network.head(features)
            rows[part] = torch.cat([features, logit], dim=1).cpu().numpy()
        rows.flush()
    ranks.wait()
    return tuple(
        np.memmap(folder / f"{number}.f32", dtype=np.float32, mode="r", shape=shape)
        for number, shape in enumerate(shapes)
    )
