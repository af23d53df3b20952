"""Cost of a training step that also corrects labels, against a plain step.

Each way to train takes the same steps on the same windows, in turn with all the others, so that a machine that slows
down slows them all. Other work on the machine only ever adds time, so the least of the rounds counts. The features of
the noisy windows come from a frozen network, once, and are no part of a step.
"""

import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from eegwarn.autolabel.bilevel import (
    BilevelConfig,
    KnownWindows,
    NoisyWindows,
    StepReport,
    corrector_optimiser,
    meta_step,
)
from eegwarn.autolabel.corrector import Corrector, CorrectorConfig, Evidence
from eegwarn.autolabel.hypergradient import Derivative
from eegwarn.backbones import BACKBONES
from eegwarn.bedside.scoring import Progress
from eegwarn.config import to_table, to_toml

N_NOISY = 64
N_CLEAN = 16
N_ROUNDS = 7
STEPS_A_ROUND = 2
"""Two, so that a way which corrects in every second step shows its mean."""
WINDOW_TIMES = (512, 1024)
THREADS = (1, 2)
DERIVATIVES: tuple[Derivative, ...] = ("one-sided", "central", "exact")
WAYS = {"control (meta off)": (BilevelConfig(meta=False), N_CLEAN)}
for each in DERIVATIVES:
    WAYS |= {
        each: (BilevelConfig(derivative=each), N_CLEAN),
        f"{each}, half of clean": (BilevelConfig(derivative=each), N_CLEAN // 2),
        f"{each}, 1/4 of noisy": (BilevelConfig(derivative=each, derivative_share=0.25), N_CLEAN),
        f"{each}, every 2nd step": (BilevelConfig(derivative=each, meta_every=2), N_CLEAN),
    }
"""How labels are corrected, and how many clean windows are learned from; as many more are held for the meta loss."""


def run(out: Path, progress: Progress, *, quick: bool = False) -> str:
    """Time every way for both backbones, two lengths of window, one thread and two; write ``steps.toml``."""
    lengths, n_threads = (WINDOW_TIMES[:1], THREADS[:1]) if quick else (WINDOW_TIMES, THREADS)
    plan = [(name, n_times, threads) for name in BACKBONES for n_times in lengths for threads in n_threads]
    threads_before = torch.get_num_threads()
    results: dict[str, dict[str, float]] = {}
    try:
        for number, (name, n_times, threads) in enumerate(plan):
            progress("settings", number, len(plan))
            torch.set_num_threads(threads)
            config, kind = BACKBONES[name]
            results[f"{name}_{n_times}_{threads}"] = time_steps(kind(config()), n_times, N_ROUNDS)
    finally:
        torch.set_num_threads(threads_before)
    progress("settings", len(plan), len(plan))
    table = {
        "results_ms": results,
        "batch": {"noisy": N_NOISY, "clean": N_CLEAN, "held": N_CLEAN, "n_derivations": 18},
        "backbones": {name: to_table(config()) for name, (config, _) in BACKBONES.items()},
        "corrector": to_table(CorrectorConfig()),
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "python": platform.python_version(),
            "torch": version("torch"),
        },
    }
    (out / "steps.toml").write_text(to_toml(table), encoding="utf-8")
    return _text(results)


def _text(results: dict[str, dict[str, float]]) -> str:
    head = f"{'way':<28}" + "".join(f"{setting.replace('_', ' '):>16}" for setting in results)
    lines = ["ms a step (times a plain step), for backbone, samples in a window, threads:", head]
    for way in ("plain", *WAYS):
        cells = (f"{row[way]:.0f} ({row[way] / row['plain']:.2f})" for row in results.values())
        lines.append(f"{way:<28}" + "".join(f"{cell:>16}" for cell in cells))
    return "\n".join(lines)


def time_steps(network: nn.Module, n_times: int, n_rounds: int) -> dict[str, float]:
    """Time a step of every way, in ms.

    Parameters
    ----------
    network : nn.Module
        A backbone for 18 derivations.
    n_times : int
        Samples in a window.
    n_rounds : int
        How often every way takes its turn.

    Returns
    -------
    dict of str to float
        Least mean time of a step over the rounds, ``"plain"`` being the step without any clean windows.
    """
    training = {"plain": _plain(network, n_times)} | {
        way: corrected_step(network, n_times, *settings) for way, settings in WAYS.items()
    }
    for step in training.values():
        step(0)  # kernels are chosen, and Adam's moments made
    least = dict.fromkeys(training, float("inf"))
    for number in range(n_rounds):
        for way, step in training.items():
            begin = time.perf_counter()
            for each in range(STEPS_A_ROUND):
                step(STEPS_A_ROUND * number + each)
            least[way] = min(least[way], 1e3 * (time.perf_counter() - begin) / STEPS_A_ROUND)
    return {way: round(value, 1) for way, value in least.items()}


def _draw(n_windows: int, n_times: int, n_features: int) -> tuple[Tensor, Evidence, Tensor]:
    rng = np.random.default_rng(n_windows)
    eeg_uv, features = (
        torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))
        for shape in ((n_windows, 18, n_times), (n_windows, n_features))
    )
    label = torch.arange(n_windows) % 2
    # A frozen network that is right: else the safeguards would speak, and spare the very work to be timed.
    return 40 * eeg_uv, Evidence(features, 2.0 * label - 1.0, label), label.float()


def _plain(network: nn.Module, n_times: int) -> Callable[[int], Any]:
    eeg_uv, _, label = _draw(N_NOISY, n_times, 1)
    optimiser = torch.optim.AdamW(network.parameters(), 1e-3)

    def step(number: int) -> None:
        loss = binary_cross_entropy_with_logits(network(eeg_uv), label)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()

    return step


def corrected_step(
    network: nn.Module, n_times: int, config: BilevelConfig, n_clean: int
) -> Callable[[int], StepReport]:
    """Make the function that takes step number so-and-so on corrected labels, on windows drawn once."""
    n_features = network.head.in_features
    corrector = Corrector(CorrectorConfig(), n_features)
    optimiser, meta_optimiser = torch.optim.AdamW(network.parameters(), 1e-3), corrector_optimiser(corrector, config)
    noisy, known = (_draw(n_windows, n_times, n_features) for n_windows in (N_NOISY, n_clean))

    def step(number: int) -> StepReport:
        return meta_step(
            network,
            optimiser,
            corrector,
            meta_optimiser,
            noisy=NoisyWindows(*noisy[:2]),
            clean=KnownWindows(*known),
            held=KnownWindows(*known),
            config=config,
            step=number,
            largest_gradient=1.0,
            rng=np.random.default_rng(number),
        )

    return step
