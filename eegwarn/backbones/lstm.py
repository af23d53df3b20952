"""A recurrent network over the frames that a learned front end makes of a short window of EEG."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from eegwarn.backbones.resnet import GROUPS, convolution
from eegwarn.errors import ConfigError

_SMALLEST_AMPLITUDE = 1e-2
"""Added before the logarithm: below it the amplitude of a filter's output is that of a quiet amplifier."""


@dataclass(frozen=True)
class LSTMConfig:
    """Size of an `LSTM` and how it scales its input.

    Parameters
    ----------
    n_channels : int
        Derivations in a window.
    widths : tuple of int
        Filters of each convolution of the front end, multiples of 8; every one halves the time axis, so that four make
        8 frames a second of 128 samples.
    kernel : int
        Length of the filters in samples, odd.
    hidden : int
        State of the LSTM in either direction.
    scale_uv : float
        Amplitude in µV that becomes 1 inside the network.
    clip : float
        Scaled amplitudes are held within +-``clip``, so that no artefact outweighs the EEG.
    """

    n_channels: int = 18
    widths: tuple[int, ...] = (32, 48, 64, 64)
    kernel: int = 5
    hidden: int = 64
    scale_uv: float = 40.0
    clip: float = 10.0

    def __post_init__(self) -> None:
        if self.n_channels < 1 or self.hidden < 1:
            raise ConfigError(
                f"lstm.n_channels and .hidden must be at least 1, but got {self.n_channels} and {self.hidden}."
            )
        if not self.widths or any(width < GROUPS or width % GROUPS for width in self.widths):
            raise ConfigError(f"lstm.widths must be multiples of {GROUPS}, but got {self.widths}.")
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise ConfigError(f"lstm.kernel must be odd, but got {self.kernel}.")
        if not (self.scale_uv > 0 and self.clip > 0):
            raise ConfigError(f"lstm.scale_uv and .clip must be positive, but got {self.scale_uv}, {self.clip}.")


class LSTM(nn.Module):
    """Long short-term memory over learned frames (Hochreiter and Schmidhuber, Neural Computation 1997).

    A window is judged when it is complete, so the frames are read in both directions (Schuster and Paliwal, IEEE
    Transactions on Signal Processing 1997): this delays nothing, and two small states are quicker than a large one.

    Parameters
    ----------
    config : LSTMConfig
        Size and input scaling.
    """

    def __init__(self, config: LSTMConfig) -> None:
        super().__init__()
        self.config = config
        stem, *_ = config.widths
        self.stem = convolution(config.n_channels, stem, 2 * config.kernel + 1, stride=2)
        self.front = nn.Sequential(
            *(
                nn.Sequential(nn.GroupNorm(GROUPS, n_in), nn.ReLU(), convolution(n_in, n_out, config.kernel, stride=2))
                for n_in, n_out in zip(config.widths, config.widths[1:], strict=False)
            )
        )
        self.norm = nn.GroupNorm(GROUPS, config.widths[-1])
        self.recurrent = nn.LSTM(config.widths[-1] + stem, config.hidden, batch_first=True, bidirectional=True)
        self.head = nn.Linear(self.n_features, 1)

    @property
    def n_features(self) -> int:
        """Number of features in front of the last, linear layer."""
        return 4 * self.config.hidden

    def features(self, eeg_uv: Tensor) -> Tensor:
        """Describe windows by what the last layer sees of them.

        Parameters
        ----------
        eeg_uv : Tensor, shape (batch, n_channels, n_times), float32
            Windows in µV, a bad or missing derivation all zero; at least one frame (2 ** n_widths samples) long.

        Returns
        -------
        Tensor, shape (batch, n_features)
            State of either direction after its last frame, and mean of the states over the frames.
        """
        x = torch.clamp(eeg_uv / self.config.scale_uv, -self.config.clip, self.config.clip)
        x = self.stem(x.unsqueeze(2))  # (batch, widths[0], 1, n_times / 2)
        # The norms take amplitude away, and it is a cue: the LSTM is told it, as a logarithm, beside each frame.
        stretch = 2 ** (len(self.config.widths) - 1)
        amplitude = functional.avg_pool1d(x.squeeze(2).abs(), stretch)  # (batch, widths[0], n_frames)
        x = self.norm(self.front(x)).squeeze(2)[:, :, : amplitude.shape[2]]  # (batch, widths[-1], n_frames)
        frames = torch.cat([x, torch.log(amplitude + _SMALLEST_AMPLITUDE)], dim=1)
        states, (last, _) = self.recurrent(frames.transpose(1, 2))  # (batch, n_frames, 2 hidden), (2, batch, hidden)
        return torch.cat([last[0], last[1], states.mean(dim=1)], dim=1)  # (batch, 4 hidden)

    def forward(self, eeg_uv: Tensor) -> Tensor:
        """Give the log-odds of a seizure in each window, as `features` takes them: shape (batch,)."""
        logit: Tensor = self.head(self.features(eeg_uv)).squeeze(1)  # (batch,)
        return logit
