"""The network that turns rough labels into soft ones, told what a frozen network sees of the windows."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from eegwarn.errors import ConfigError

UNKNOWN = 2
"""The label of a window that nobody has judged; 0 is no seizure and 1 is seizure."""

_N_LABELS = 3
_MARK_ERROR = 0.02
"""Least probability that a mark is altogether wrong, so that none outweighs what the signal says."""
_SMALLEST = 1e-6


@dataclass(frozen=True)
class CorrectorConfig:
    """Form and size of a `Corrector`.

    Parameters
    ----------
    form : {"residual", "reference", "few"}
        ``residual`` starts as what the frozen network and the noise of the labels say together, and learns what to add.
        ``reference`` is the network of Zheng, Awadallah and Dumais (AAAI 2021), which starts at random. ``few`` has six
        weights: of the logit, of the mark and of neither, and how late marks are.
    embedding : int
        Length of the vector for each label; the reference had 128.
    hidden : int
        Width of the two hidden layers.
    skip_gate : bool
        In the reference form, let the network choose how much of the noisy label to keep.
    logit_share : float
        What the frozen network's log-odds are multiplied by at the start: networks trained on noisy labels are too
        sure of themselves.
    largest_logit : float
        The frozen network's log-odds are held within +- this first.
    mark_delay_s : float
        In the form ``few``, how many seconds marks and onsets are apart in the median, to start with.
    late_share : float
        In the form ``few``, share of the marks that come after the onset, to start with.
    """

    form: Literal["residual", "reference", "few"] = "residual"
    embedding: int = 64
    hidden: int = 128
    skip_gate: bool = False
    logit_share: float = 0.5
    largest_logit: float = 8.0
    mark_delay_s: float = 8.0
    late_share: float = 0.85

    def __post_init__(self) -> None:
        if self.form not in ("residual", "reference", "few"):
            raise ConfigError(f"corrector.form must be residual, reference or few, but got {self.form!r}.")
        if self.embedding < 1 or self.hidden < 1:
            raise ConfigError(
                f"corrector.embedding and .hidden must be at least 1, but got {self.embedding} and {self.hidden}."
            )
        if not (self.logit_share > 0 and self.largest_logit > 0 and self.mark_delay_s > 0):
            raise ConfigError(
                "corrector.logit_share, .largest_logit and .mark_delay_s must be above 0, but got "
                f"{self.logit_share}, {self.largest_logit} and {self.mark_delay_s}."
            )
        if self.skip_gate and self.form != "reference":
            raise ConfigError(
                f"corrector.skip_gate belongs to the form reference, but got {self.form!r}. Leave it out."
            )
        if not 0 < self.late_share < 1:
            raise ConfigError(f"corrector.late_share must be between 0 and 1, but got {self.late_share}.")


@dataclass(frozen=True)
class Evidence:
    """What a corrector is told of windows.

    Parameters
    ----------
    features : Tensor, shape (n, n_features)
        From the frozen network; they are layer-normed inside.
    logit : Tensor, shape (n,)
        The frozen network's log-odds of a seizure.
    label : Tensor of int64, shape (n,)
        0 or 1 as marked, or `UNKNOWN`.
    from_mark_s : Tensor, shape (n,), or None
        Time from the marked onset to the middle of the window in seconds, negative before it; NaN, or None for all,
        where it tells nothing: far from any mark, and after a marked seizure's end. Only the form ``few`` looks at it.
    """

    features: Tensor
    logit: Tensor
    label: Tensor
    from_mark_s: Tensor | None = None

    def without(self, hidden: Tensor) -> "Evidence":
        """Hide the labels where ``hidden``, bool of shape (n,), is true."""
        return replace(self, label=self.label.masked_fill(hidden, UNKNOWN))

    def unlabelled(self) -> "Evidence":
        """Hide every label, and the time from the mark with it."""
        return replace(self, label=torch.full_like(self.label, UNKNOWN), from_mark_s=None)


def label_shift(noisy: Tensor, known: Tensor) -> tuple[float, float]:
    """Estimate from windows with both labels how much each noisy label says.

    Parameters
    ----------
    noisy : Tensor of int64, shape (n,)
        0 or 1 as marked; windows that are `UNKNOWN` do not count.
    known : Tensor, shape (n,)
        The known label, 0 or 1.

    Returns
    -------
    (float, float)
        log T[1, y] - log T[0, y] for y = 0 and 1, with T[c, y] the share of the windows of class c that are marked y
        (one window of each kind is added). The shares of the classes do not enter.
    """
    counted = noisy != UNKNOWN
    table = torch.ones(2, 2, dtype=torch.float64)
    pairs = torch.stack([known[counted].long().cpu(), noisy[counted].cpu()])
    table.index_put_((pairs[0], pairs[1]), torch.ones(1, dtype=torch.float64), accumulate=True)
    log_share = torch.log(table / table.sum(dim=1, keepdim=True))  # (known, noisy)
    no_seizure, seizure = (log_share[1] - log_share[0]).tolist()
    return no_seizure, seizure


class Corrector(nn.Module):
    """Log-odds of the true label, from a frozen network's view of a window and the noisy label.

    Without a label (`Evidence.unlabelled`) this is the early-warning indicator of the meta network.

    Parameters
    ----------
    config : CorrectorConfig
        Form and size.
    n_features : int
        Of the frozen network.
    shift : (float, float)
        What `label_shift` gives; zeros if nothing is known of the labels' noise.
    """

    shift: Tensor

    def __init__(self, config: CorrectorConfig, n_features: int, shift: tuple[float, float] = (0.0, 0.0)) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("shift", torch.tensor([*shift, 0.0]))
        if config.form == "few":
            self.weights = nn.Parameter(self._first_weights())
            return
        self.embedding = nn.Embedding(_N_LABELS, config.embedding)
        self.layers = nn.Sequential(
            nn.Linear(n_features + config.embedding, config.hidden),
            nn.Tanh(),
            nn.Linear(config.hidden, config.hidden),
            nn.Tanh(),
        )
        self.head = nn.Linear(config.hidden, 2 if config.skip_gate else 1)  # log-odds, and of the skip gate
        if config.form == "residual":
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(self.head.bias)

    def forward(self, evidence: Evidence) -> Tensor:
        """Give the log-odds that each window's true label is a seizure, shape (n,)."""
        if self.config.form == "few":
            return self._few(evidence, self.weights)
        features = functional.layer_norm(evidence.features, evidence.features.shape[1:])
        inputs = torch.cat([features, self.embedding(evidence.label)], dim=1)  # (n, n_features + embedding)
        own, *gate = self.head(self.layers(inputs)).unbind(dim=1)  # (n,) each
        if self.config.form == "residual":
            own = self.start(evidence) + own
        return _skip(own, gate[0], evidence.label) if gate else own

    def start(self, evidence: Evidence) -> Tensor:
        """Give the log-odds before any learning: the frozen network's and the noisy label's, added, shape (n,).

        The reference form starts at random; there it is what that form is held against.
        """
        if self.config.form == "few":
            return self._few(evidence, self._first_weights().to(evidence.logit))
        return self.config.logit_share * self._held(evidence.logit) + self.shift[evidence.label]

    def _held(self, logit: Tensor) -> Tensor:
        return logit.clamp(-self.config.largest_logit, self.config.largest_logit)

    def _first_weights(self) -> Tensor:
        late = self.config.late_share
        delay = (math.log(self.config.mark_delay_s), 0.0, math.log(late / (1 - late)))
        return torch.tensor([self.config.logit_share, 1.0, 0.0, *delay])

    def _few(self, evidence: Evidence, weights: Tensor) -> Tensor:
        """Add the frozen network's log-odds and the mark's, each with a weight, and a constant."""
        of_logit, of_mark, constant, *delay = weights.unbind()
        mark = self.shift[evidence.label]
        if evidence.from_mark_s is not None:
            near = (evidence.label != UNKNOWN) & ~torch.isnan(evidence.from_mark_s)
            mark = torch.where(near, _since_onset(evidence.from_mark_s, *delay), mark)
        return of_logit * self._held(evidence.logit) + of_mark * mark + constant


def _skip(own: Tensor, gate: Tensor, label: Tensor) -> Tensor:
    """Mix the label in: q = (1 - s) sigmoid(own) + s y, s = sigmoid(gate), and nothing where y is unknown."""
    known = label != UNKNOWN
    share = torch.where(known, torch.sigmoid(gate), torch.zeros_like(gate))
    mixed = (1 - share) * torch.sigmoid(own) + share * (label == 1)
    return torch.where(known, torch.logit(mixed, eps=_SMALLEST), own)


def _since_onset(from_mark_s: Tensor, log_delay: Tensor, log_spread: Tensor, late: Tensor) -> Tensor:
    """Log-odds that the seizure has begun, given the time from its mark alone.

    Marks are late with probability sigmoid(late), else early, and by lognormal times either way.
    """
    apart = torch.nan_to_num(from_mark_s).abs().clamp_min(1e-3)
    within = torch.special.ndtr((torch.log(apart) - log_delay) / torch.exp(log_spread))
    p_late = torch.sigmoid(late)
    begun = torch.where(from_mark_s < 0, p_late * (1 - within), p_late + (1 - p_late) * within)
    log_odds: Tensor = torch.logit(_MARK_ERROR + (1 - 2 * _MARK_ERROR) * begun)
    return log_odds
