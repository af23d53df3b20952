"""The policy that scores candidates: a fixed weighting of their features, and what was learned on top of it.

Source: Pang, Dong, Wu, Hospedales, "Meta-Learning Transferable Active Learning Policies by Deep Reinforcement
Learning", arXiv 1806.04798. From there come the policy over candidates, its training by policy gradient over many tasks
and the second network that turns a description of the data set into the policy's first layer. Ours: the policy starts
as a rule that is known to work, and what it learns is a residual.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eegwarn.active.rule import COVER
from eegwarn.active.situation import CONTEXT, FEATURES, Ground
from eegwarn.errors import ConfigError

_N_DESCRIPTION = 24


@dataclass(frozen=True)
class PolicyConfig:
    """Size of a policy's residual.

    Parameters
    ----------
    n_hidden : int
        Units of either hidden layer.
    embedding : bool
        Whether a description of the data set makes the first layer, instead of one that is the same for all.
    """

    n_hidden: int = 32
    embedding: bool = False

    def __post_init__(self) -> None:
        if self.n_hidden < 1:
            raise ConfigError(f"policy.n_hidden must be at least 1, but got {self.n_hidden}.")


class Policy(nn.Module):
    """`COVER` plus residual; untrained it is that rule.

    Parameters
    ----------
    config : PolicyConfig
        Its size.
    """

    def __init__(self, config: PolicyConfig) -> None:
        super().__init__()
        self.config = config
        n_inputs = len(FEATURES) + len(CONTEXT)
        self.base: Tensor
        self.register_buffer("base", torch.tensor([COVER.weights.get(name, 0.0) for name in FEATURES]))
        self.straight = nn.Linear(len(FEATURES), 1, bias=False)
        self.first = nn.Linear(n_inputs, config.n_hidden)
        self.second = nn.Linear(config.n_hidden, config.n_hidden)
        self.last = nn.Linear(config.n_hidden, 1, bias=False)
        nn.init.zeros_(self.straight.weight)
        nn.init.zeros_(self.last.weight)
        if config.embedding:
            self.describe = nn.Linear(_N_DESCRIPTION, config.n_hidden)
            self.generate = nn.Linear(config.n_hidden, n_inputs * config.n_hidden, bias=False)
            self.reconstruct = nn.Linear(config.n_hidden, _N_DESCRIPTION)
            nn.init.normal_(self.generate.weight, std=0.01)

    def forward(self, features: Tensor, context: Tensor, description: Tensor | None = None) -> Tensor:
        """Score candidates.

        Parameters
        ----------
        features : Tensor, shape (n_states, n_candidates, n_features)
            As `Situation.features`.
        context : Tensor, shape (n_states, n_context)
            As `Situation.context`.
        description : Tensor, shape (n_description,), optional
            As `description_of` gives it; needed with ``config.embedding``.

        Returns
        -------
        Tensor, shape (n_states, n_candidates)
        """
        wide = context[:, None, :].expand(-1, features.shape[1], -1)
        inputs = torch.cat([features, wide], dim=2)  # (n_states, n_candidates, n_features + n_context)
        hidden = self.first(inputs)  # (n_states, n_candidates, n_hidden)
        if self.config.embedding:
            if description is None:
                raise ConfigError("A policy with a data-set embedding needs the description of the data set.")
            own = self.generate(self.embedded(description)).reshape(-1, self.config.n_hidden)
            hidden = hidden + inputs @ own
        learned = self.last(torch.tanh(self.second(torch.tanh(hidden)))) + self.straight(features)
        score: Tensor = features @ self.base + learned.squeeze(2)
        return score

    @torch.inference_mode()
    def judge(self, features: NDArray[np.float32], context: NDArray[np.float32], ground: Ground) -> NDArray[np.float64]:
        """Score candidates; see `eegwarn.active.rule.Rule.judge`."""
        description = torch.from_numpy(description_of(ground)) if self.config.embedding else None
        score: Tensor = self(torch.from_numpy(features), torch.from_numpy(context), description)
        return score.numpy().astype(np.float64)

    def embedded(self, description: Tensor) -> Tensor:
        """Embed the description of a data set, shape (n_hidden,)."""
        return torch.tanh(self.describe(description))


def description_of(ground: Ground) -> NDArray[np.float32]:
    """Describe a pool without any label, shape (n_description,).

    Its size, the spread over its principal components, and the quantiles of density, of the model's log-odds and of
    doubt.
    """
    sd = np.zeros(8)
    spread = np.sort(ground.place.std(axis=0))[::-1][:8]
    sd[: len(spread)] = spread
    levels = (0.05, 0.25, 0.5, 0.75, 0.95)
    columns = (ground.density, ground.pool.logit / 8, ground.pool.doubt)
    quantiles = np.concatenate([np.quantile(column, levels) for column in columns])
    return np.concatenate([[np.log10(len(ground.pool)) / 4], sd, quantiles]).astype(np.float32)
