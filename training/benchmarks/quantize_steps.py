"""Time of a training step through the quantiser, by what takes the gradient through it."""

import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from eegwarn.backbones import BACKBONES
from eegwarn.quantize import MetaQuantConfig, metaquant_step, quantize_network
from eegwarn.quantize.penetrate import MetaKind

RULES: tuple[MetaKind, ...] = ("ste", "ones", "fcgrad", "multifc", "lstmfc")
BATCH, N_TIMES = 64, 512
STEPS_A_ROUND = 3


def time_steps(backbones: Sequence[str], *, n_rounds: int) -> dict[str, dict[str, float]]:
    """Time a step with every rule on one thread, in ms.

    The rules take turns, so that a machine that slows down slows them all; other work on the machine only ever adds
    time, so the least of the rounds counts.

    Parameters
    ----------
    backbones : sequence of str
        Of `eegwarn.backbones.BACKBONES`, at their default size.
    n_rounds : int
        How often every rule takes its turn.

    Returns
    -------
    dict
        Network, then rule, to least mean time of a step.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return {backbone: _time_rules(backbone, n_rounds) for backbone in backbones}
    finally:
        torch.set_num_threads(threads)


def _time_rules(backbone: str, n_rounds: int) -> dict[str, float]:
    generator = torch.Generator().manual_seed(0)
    eeg_uv = 40 * torch.randn(BATCH, 18, N_TIMES, generator=generator)
    steps = {rule: _step_with(backbone, rule, eeg_uv) for rule in RULES}
    for step in steps.values():
        step(0)  # kernels are chosen, and moments made
    least = dict.fromkeys(RULES, float("inf"))
    for number in range(n_rounds):
        for rule, step in steps.items():
            begin = time.perf_counter()
            for each in range(STEPS_A_ROUND):
                step(1 + STEPS_A_ROUND * number + each)
            least[rule] = min(least[rule], 1e3 * (time.perf_counter() - begin) / STEPS_A_ROUND)
    return {rule: round(value, 1) for rule, value in least.items()}


def _step_with(backbone: str, rule: MetaKind, eeg_uv: Tensor) -> Callable[[int], float]:
    config, network = BACKBONES[backbone]
    training = quantize_network(network(config()), MetaQuantConfig(meta=rule), seed=0)
    label = (torch.arange(BATCH) % 2).float()

    def step(number: int) -> float:
        return metaquant_step(
            training, eeg_uv, lambda logit: binary_cross_entropy_with_logits(logit, label), step=number
        )

    return step
