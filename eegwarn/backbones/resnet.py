"""A one-dimensional residual network over short windows of EEG."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from eegwarn.errors import ConfigError

GROUPS = 8
"""Groups of every GroupNorm; widths are multiples of it."""


@dataclass(frozen=True)
class ResNetConfig:
    """Size of a `ResNet` and how it scales its input.

    Parameters
    ----------
    n_channels : int
        Derivations in a window.
    widths : tuple of int
        Filters of each stage, multiples of 8; every stage halves the time axis.
    kernel : int
        Length of the filters in samples, odd.
    scale_uv : float
        Amplitude in µV that becomes 1 inside the network.
    clip : float
        Scaled amplitudes are held within +-``clip``, so that no artefact outweighs the EEG.
    """

    n_channels: int = 18
    widths: tuple[int, ...] = (24, 32, 64, 96)
    kernel: int = 5
    scale_uv: float = 40.0
    clip: float = 10.0

    def __post_init__(self) -> None:
        if self.n_channels < 1:
            raise ConfigError(f"backbone.n_channels must be at least 1, but got {self.n_channels}.")
        if not self.widths or any(width < GROUPS or width % GROUPS for width in self.widths):
            raise ConfigError(f"backbone.widths must be multiples of {GROUPS}, but got {self.widths}.")
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise ConfigError(f"backbone.kernel must be odd, but got {self.kernel}.")
        if not (self.scale_uv > 0 and self.clip > 0):
            raise ConfigError(f"backbone.scale_uv and .clip must be positive, but got {self.scale_uv}, {self.clip}.")


class ResNet(nn.Module):
    """Residual network from windows in µV to one logit each (He et al., CVPR 2016, in one dimension).

    GroupNorm takes the place of BatchNorm: a window's logit does not depend on the windows beside it, and several
    forward passes in one training step leave no trace in any statistic.

    Parameters
    ----------
    config : ResNetConfig
        Size and input scaling.
    """

    def __init__(self, config: ResNetConfig) -> None:
        super().__init__()
        self.config = config
        stem, *_ = config.widths
        self.stem = convolution(config.n_channels, stem, 2 * config.kernel + 1, stride=2)
        inputs = (stem, *config.widths)
        self.stages = nn.Sequential(
            *(ResidualBlock(i, o, config.kernel) for i, o in zip(inputs, config.widths, strict=False))
        )
        self.head = nn.Linear(self.n_features, 1)

    @property
    def n_features(self) -> int:
        """Number of features in front of the last, linear layer."""
        return 2 * self.config.widths[-1]

    def features(self, eeg_uv: Tensor) -> Tensor:
        """Describe windows by what the last layer sees of them.

        Parameters
        ----------
        eeg_uv : Tensor, shape (batch, n_channels, n_times), float32
            Windows in µV, a bad or missing derivation all zero.

        Returns
        -------
        Tensor, shape (batch, n_features)
            Logarithms of mean and standard deviation over time of each filter of the last stage.
        """
        x = torch.clamp(eeg_uv / self.config.scale_uv, -self.config.clip, self.config.clip)
        x = self.stem(x.unsqueeze(2))  # (batch, widths[0], 1, n_times / 2)
        x = self.stages(x).squeeze(2)  # (batch, widths[-1], n_times / 2 ** (n_stages + 1))
        # No norm here: amplitude is a cue, and it has come this far on the short cuts. The logarithm tames it.
        x = functional.relu(x)
        mean = x.mean(dim=2)  # (batch, widths[-1])
        variance = ((x - mean.unsqueeze(2)) ** 2).mean(dim=2)  # (batch, widths[-1])
        return torch.cat([torch.log1p(mean), 0.5 * torch.log(variance + 1e-5)], dim=1)  # (batch, n_features)

    def forward(self, eeg_uv: Tensor) -> Tensor:
        """Give the log-odds of a seizure in each window, as `features` takes them: shape (batch,)."""
        logit: Tensor = self.head(self.features(eeg_uv)).squeeze(1)  # (batch,)
        return logit


def convolution(n_inputs: int, n_outputs: int, kernel: int, *, stride: int = 1) -> nn.Conv2d:
    """Make a convolution over time of (batch, n_inputs, 1, n_times), padded so that only ``stride`` shortens it.

    A height of one costs nothing in training, and onnxruntime has its quick kernels for two dimensions alone.
    """
    return nn.Conv2d(n_inputs, n_outputs, (1, kernel), stride=(1, stride), padding=(0, kernel // 2))


class ResidualBlock(nn.Module):
    """Two normalised convolutions beside a short cut; the time axis is halved (He et al., ECCV 2016, figure 4e)."""

    def __init__(self, n_inputs: int, n_outputs: int, kernel: int) -> None:
        super().__init__()
        self.norm_in = nn.GroupNorm(GROUPS, n_inputs)
        self.conv_in = convolution(n_inputs, n_outputs, kernel, stride=2)
        self.norm_out = nn.GroupNorm(GROUPS, n_outputs)
        self.conv_out = convolution(n_outputs, n_outputs, kernel)
        self.short_cut = convolution(n_inputs, n_outputs, 1, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, n_inputs, 1, n_times) to (batch, n_outputs, 1, n_times / 2)."""
        y = self.conv_in(functional.relu(self.norm_in(x)))  # (batch, n_outputs, 1, n_times / 2)
        y = self.conv_out(functional.relu(self.norm_out(y)))
        sum_of_both: Tensor = y + self.short_cut(x)  # (batch, n_outputs, 1, n_times / 2)
        return sum_of_both
