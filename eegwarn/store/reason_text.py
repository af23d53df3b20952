"""Why a clip is asked about, in words that a clinician understands."""

import math
from collections.abc import Mapping

_WORDS = {
    "margin": "the model is undecided here",
    "entropy": "the model is undecided here",
    "model change": "an answer here would change the model most",
    "coverage": "nothing like it has been labelled yet",
    "density": "it is typical of much of the recording",
    "entropy x density": "the model is undecided here, and much else is like it",
    "coverage x entropy": "the model is undecided here, and nothing like it has been labelled yet",
    "far from seizures": "it is unlike the seizures labelled so far",
    "far from calm": "it is unlike the calm EEG labelled so far",
    "time since label": "nothing near it in time has been labelled yet",
    "doubt": "a rough mark and the EEG around it disagree",
    "random": "it was drawn by chance, to keep the picture fair",
}
_TELLING = {"seizure probability": "how likely the model takes a seizure to be"}
"""Reasons that tell the model's score, which raters are blind to unless they ask."""

_HIDDEN = "To tell why would tell the model's level."

_LEAST_SHARE = 0.15


def why_asked(reason: Mapping[str, float], *, is_blind: bool) -> str:
    """Say in words why a clip is asked about: the reasons that weighed most, heaviest first.

    Parameters
    ----------
    reason : mapping of str to float
        Features and their signed shares, as the store keeps them.
    is_blind : bool
        Whether reasons that tell the model's score are left out.
    """
    for_it = {name: share for name, share in reason.items() if math.isfinite(share) and share > 0}
    total = sum(for_it.values())
    weighty = sorted((name for name in for_it if for_it[name] >= _LEAST_SHARE * total), key=lambda name: -for_it[name])
    told = [name for name in weighty if not (is_blind and name in _TELLING)]
    words = [_TELLING.get(name) or _WORDS.get(name) or name.replace("_", " ") for name in told]
    # "undecided" adds nothing to "undecided, and nothing like it has been labelled yet".
    apart = [one for one in dict.fromkeys(words) if not any(other.startswith(f"{one},") for other in words)]
    text = "; ".join(apart[:3])
    if text:
        return f"{text[0].upper()}{text[1:]}."
    return _HIDDEN if weighty else "No reason was kept."
