"""The configuration of a training run."""

from dataclasses import dataclass, field, replace
from math import inf
from typing import Literal

from eegwarn.autolabel.bilevel import BilevelConfig
from eegwarn.autolabel.changepoint import ChangePointConfig
from eegwarn.autolabel.context import ContextConfig
from eegwarn.autolabel.corrector import CorrectorConfig
from eegwarn.backbones.lstm import LSTMConfig
from eegwarn.backbones.resnet import ResNetConfig
from eegwarn.errors import ConfigError
from eegwarn.events.labels import LabelConfig
from eegwarn.signal.chain import SignalConfig
from eegwarn.signal.montage import LONGITUDINAL_BIPOLAR
from eegwarn.signal.windows import WindowConfig
from eegwarn.warning.alarm import AlarmConfig
from eegwarn.warning.calibrate import CalibrationKind
from eegwarn.warning.trend import check_time_constants

LARGEST_SEED = 2**32 - 1
"""What every library's generator of random numbers takes."""


@dataclass(frozen=True)
class SplitConfig:
    """Which patients training never sees.

    Parameters
    ----------
    test_fraction : float
        Share of the patients that are left for `evaluate`.
    validation_fraction : float
        Share of the patients on which training stops early, the probability is calibrated and the alarm threshold is
        chosen.
    """

    test_fraction: float = 0.25
    validation_fraction: float = 0.2

    def __post_init__(self) -> None:
        if not (
            min(self.test_fraction, self.validation_fraction) > 0 and self.test_fraction + self.validation_fraction < 1
        ):
            raise ConfigError(
                "split.test_fraction and split.validation_fraction must be above 0 and sum to less than 1, but got "
                f"{self.test_fraction} and {self.validation_fraction}."
            )


@dataclass(frozen=True)
class OptimiserConfig:
    """How weights are stepped.

    Parameters
    ----------
    name : {"adamw", "sgd"}
        AdamW, or gradient descent with Nesterov momentum 0.9.
    learning_rate : float
        The highest; it rises over ``warmup_steps`` and falls along a cosine to nearly 0 at the last step.
    weight_decay : float
        Pull of the weights towards 0.
    warmup_steps : int
        Steps over which the learning rate rises.
    largest_gradient : float
        Longer gradients are shortened to this norm.
    """

    name: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = 1e-3
    weight_decay: float = 0.1
    warmup_steps: int = 50
    largest_gradient: float = 1.0

    def __post_init__(self) -> None:
        if not (self.learning_rate > 0 and self.weight_decay >= 0 and self.largest_gradient > 0):
            raise ConfigError(
                "optimiser.learning_rate and .largest_gradient must be above 0, .weight_decay at least 0."
            )
        if self.warmup_steps < 0:
            raise ConfigError(f"optimiser.warmup_steps must be at least 0, but got {self.warmup_steps}.")


@dataclass(frozen=True)
class AugmentConfig:
    """How training windows are varied.

    Parameters
    ----------
    amplitude_log_sd : float
        Each window is scaled by the exponential of a normal number with this spread.
    shift_s : float
        Each window is moved in time by up to this, in s, wrapped around.
    dropped_channels : float
        Share of the derivations set to zero, as missing ones are.
    noise_uv : float
        White noise added, standard deviation in µV.
    """

    amplitude_log_sd: float = 0.2
    shift_s: float = 0.5
    dropped_channels: float = 0.3
    noise_uv: float = 1.0

    def __post_init__(self) -> None:
        if not all(0 <= value < inf for value in vars(self).values()) or self.dropped_channels >= 1:
            raise ConfigError(f"{self}: every value must be finite and at least 0, and dropped_channels below 1.")


@dataclass(frozen=True)
class MetaConfig:
    """How the bi-level loop is prepared and fed.

    Parameters
    ----------
    warm_up_steps : int
        Steps on the marks as they are, before anything is corrected.
    tune_steps : int
        Steps of a copy on what is certain; what it sees of a window, frozen, is what the corrector is told.
    first_meta_step : int
        Steps of the loop before the corrector moves: an optimiser of Adam's kind needs some behind it.
    clean_batch : int
        Known windows in a step to learn from, and as many others to judge the step by.
    held : {"stratified", "natural", "paired"}
        How the windows to judge by are drawn: half of either class; as they come; or pairs of one recording, seizure
        and none, which cannot say "more seizures everywhere".
    from_clips : float
        Share of the known windows that is drawn from a clinician's clips, the others lying far from every mark.
    corrector : CorrectorConfig
        The network that corrects.
    bilevel : BilevelConfig
        The loop.
    """

    warm_up_steps: int = 150
    tune_steps: int = 40
    first_meta_step: int = 20
    clean_batch: int = 8
    held: Literal["stratified", "natural", "paired"] = "stratified"
    from_clips: float = 0.75
    corrector: CorrectorConfig = field(default_factory=CorrectorConfig)
    bilevel: BilevelConfig = field(default_factory=BilevelConfig)

    def __post_init__(self) -> None:
        if min(self.warm_up_steps, self.tune_steps) < 1 or self.first_meta_step < 0 or self.clean_batch < 2:
            raise ConfigError(
                "meta.warm_up_steps and .tune_steps must be at least 1, .first_meta_step 0 and .clean_batch 2, but got "
                f"{self.warm_up_steps}, {self.tune_steps}, {self.first_meta_step} and {self.clean_batch}."
            )
        if not 0 <= self.from_clips <= 1:
            raise ConfigError(f"meta.from_clips must lie between 0 and 1, but got {self.from_clips}.")


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides what a training run gives, but for the data.

    Parameters
    ----------
    method : {"auto", "plain", "context", "changepoint", "meta"}
        How labels near the onset are treated: plain takes the marks as they are; context and changepoint train on
        them, correct the labels by what that network says around each mark, and train anew; meta is the bi-level loop,
        in which a second network corrects the labels while the first learns from them; auto is what was measured to
        be best, see `settled`.
    backbone : {"resnet", "lstm"}
        Network.
    indicator : {"backbone", "meta"}
        Whose output is the warning level: the network's, or (method meta only) the corrector's without any label.
    horizon_s : float
        How far before an onset windows count as positive, in s; 0 trains a detector.
    seed : int
        Of every random draw.
    steps : int
        Most steps of the optimiser, in each training that a method makes.
    batch_size : int
        Windows in a step.
    positive_share : float
        Share of a batch that is drawn from windows of seizures; calibration undoes the imbalance.
    validate_every : int
        Steps between looks at the validation patients; a checkpoint is written at each.
    validation_windows : int
        Most windows of either class that such a look takes.
    patience : int
        Looks without improvement after which training stops.
    wanted_false_alarms_per_day : float
        The alarm threshold is the lowest that stays within it on the validation patients.
    trend_s : tuple of float
        Time constants, in s, of leaky means of the logits so far, by which minutes reach the decision of a model with a
        horizon; they are kept where they help the validation patients. Empty leaves every window to itself.
    calibration : {"temperature", "isotonic"}
        How logits become probabilities: by a straight line, or by any rising course.
    threads : int
        Processor threads; 0 for all, which processes that train together share out. Results repeat exactly only with
        the same number of threads and processes.
    split, signal, windows, labels, resnet, lstm, optimiser, augment, context, changepoint, meta, alarm
        The parts; each is documented at its class.
    """

    method: Literal["auto", "plain", "context", "changepoint", "meta"] = "auto"
    backbone: Literal["resnet", "lstm"] = "resnet"
    indicator: Literal["backbone", "meta"] = "backbone"
    horizon_s: float = 0.0
    seed: int = 0
    steps: int = 4000
    batch_size: int = 64
    positive_share: float = 0.4
    validate_every: int = 200
    validation_windows: int = 2000
    patience: int = 8
    wanted_false_alarms_per_day: float = 12.0
    trend_s: tuple[float, ...] = ()
    calibration: CalibrationKind = "temperature"
    threads: int = 0
    split: SplitConfig = field(default_factory=SplitConfig)
    signal: SignalConfig = field(default_factory=lambda: SignalConfig(missing="mask"))
    windows: WindowConfig = field(default_factory=WindowConfig)
    labels: LabelConfig = field(default_factory=LabelConfig)
    resnet: ResNetConfig = field(default_factory=ResNetConfig)
    lstm: LSTMConfig = field(default_factory=LSTMConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    context: ContextConfig = field(default_factory=ContextConfig)
    changepoint: ChangePointConfig = field(default_factory=ChangePointConfig)
    meta: MetaConfig = field(default_factory=MetaConfig)
    alarm: AlarmConfig = field(default_factory=AlarmConfig)

    @property
    def backbone_config(self) -> ResNetConfig | LSTMConfig:
        """Size of the network that ``backbone`` names."""
        return self.resnet if self.backbone == "resnet" else self.lstm

    def settled(self) -> "TrainConfig":
        """Say what method ``auto`` is: changepoint for a detector, plain where a horizon leaves onsets no part."""
        if self.method != "auto":
            return self
        return replace(self, method="plain" if self.horizon_s else "changepoint")

    def __post_init__(self) -> None:
        counts = ("steps", "batch_size", "validate_every", "validation_windows", "patience")
        for name in counts:
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, but got {getattr(self, name)}.")
        if not 0 < self.positive_share < 1:
            raise ConfigError(f"positive_share must lie between 0 and 1, but got {self.positive_share}.")
        if not 0 <= self.horizon_s < inf or not 0 < self.wanted_false_alarms_per_day < inf:
            raise ConfigError(
                "horizon_s must be at least 0 and wanted_false_alarms_per_day above 0, both finite, but got "
                f"{self.horizon_s} and {self.wanted_false_alarms_per_day}."
            )
        if not (0 <= self.seed <= LARGEST_SEED and self.threads >= 0):
            raise ConfigError(
                f"seed must lie between 0 and {LARGEST_SEED} and threads be at least 0, but got {self.seed} and "
                f"{self.threads}."
            )
        if self.augment.shift_s > self.windows.window_s:
            raise ConfigError(
                f"augment.shift_s = {self.augment.shift_s} must be at most windows.window_s = {self.windows.window_s}."
            )
        if self.backbone_config.n_channels != len(LONGITUDINAL_BIPOLAR):
            raise ConfigError(
                f"{self.backbone}.n_channels must be {len(LONGITUDINAL_BIPOLAR)}, the derivations of the montage, but "
                f"got {self.backbone_config.n_channels}."
            )
        if self.method in ("context", "changepoint") and self.horizon_s:
            raise ConfigError(
                f"method = {self.method!r} corrects onsets and takes horizon_s = 0, but got {self.horizon_s}. "
                "For a horizon take plain or meta."
            )
        if self.indicator == "meta" and self.method != "meta":
            raise ConfigError(f"indicator = 'meta' needs method = 'meta', but got method = {self.method!r}.")
        check_time_constants(self.trend_s)
        self.windows.in_samples(self.signal.sfreq)
