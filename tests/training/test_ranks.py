"""Processes that train together give the weights of one, and none waits for ever for one that is gone."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load, load_file
from torch import Tensor

from eegwarn.autolabel.bilevel import BilevelConfig
from eegwarn.backbones.resnet import ResNetConfig
from eegwarn.bedside import read_bundle
from eegwarn.cli import main
from eegwarn.cohort import Cohort
from eegwarn.config import to_table, to_toml
from eegwarn.errors import ConfigError
from training.batches import draw_batch, pool_windows
from training.config import OptimiserConfig, TrainConfig
from training.loop import Place, repeatable
from training.methods import learn
from training.network import new_network
from training.ranks import ALONE, Ranks, ranks_of
from training.train import train
from training.windows import LabelledRecording

from ..conftest import ROOT
from .conftest import TINY
from .test_methods import META, known_near_marks

Parts = tuple[tuple[LabelledRecording, ...], tuple[LabelledRecording, ...]]

# Plain descent: where a gradient is nothing but rounding, as that of a bias before a norm can be, AdamW makes whole
# steps of it.
SMALL = replace(
    TINY,
    resnet=ResNetConfig(widths=(16, 16), kernel=3),
    batch_size=9,
    steps=24,
    validate_every=24,
    optimiser=OptimiserConfig(name="sgd", learning_rate=3e-3, warmup_steps=5),
)
CONFIGS = {
    "plain": replace(SMALL, method="plain", steps=40, validate_every=40),
    "fewer rows than processes": replace(SMALL, method="plain", batch_size=1, steps=8, validate_every=8),
    "context": replace(SMALL, method="context"),
    "meta": replace(SMALL, method="meta", meta=replace(META, clean_batch=5, bilevel=BilevelConfig(derivative="exact"))),
    "meta, LSTM": replace(SMALL, method="meta", backbone="lstm", meta=META, steps=12, validate_every=12),
}
LARGEST_DIFFERENCE = 1e-5
"""Of the weights' norm. Rounding in the order of sums is 1e-7 of it, and training magnifies that from step to step."""

# Trains as the tests do, and leaves the weights of each process; with a step to stop at, the first waits there.
TRAINING = """
import sys, time, tomllib
from pathlib import Path
import torch
from safetensors.torch import save_file
from eegwarn.cohort import read_cohort
from eegwarn.config import from_table
from tests.training.test_methods import known_near_marks
from training.config import TrainConfig
from training.loop import Place, repeatable
from training.methods import learn
from training.ranks import joined_ranks
from training.windows import prepare_recordings

folder, cache, out, stop_at, *configs = sys.argv[1:]

def progress(stage, done, total):
    if ranks.first and done == int(stop_at):
        print("waits", flush=True)
        time.sleep(600)

with joined_ranks() as ranks:
    cohort = read_cohort(Path(folder))
    chosen = [each for each in cohort.recordings if each.events][:4]
    for number, text in enumerate(configs):
        config = from_table(TrainConfig, tomllib.loads(text))
        read = prepare_recordings(cohort, chosen, config, cache=Path(cache), step="read").recordings
        parts = [known_near_marks(each) for each in read[:2]], read[2:]
        place = Place(Path(out) / str(number), "run", torch.device("cpu"), progress, ranks)
        with repeatable(1, ranks):
            modules = learn(*parts, config, place).state.modules
        weights = {f"{name}/{key}": value for name, each in modules.items() for key, value in each.state_dict().items()}
        save_file(weights, f"{out}/{number}.weights.{ranks.rank}")
"""


@pytest.fixture(scope="module")
def with_clips(parts: Parts) -> Parts:
    training, validation = parts
    return tuple(known_near_marks(each) for each in training), validation


def learned_alone(parts: Parts, config: TrainConfig, checkpoint: Path) -> dict[str, Tensor]:
    with repeatable(1):
        modules = learn(*parts, config, Place(checkpoint, "run", torch.device("cpu"))).state.modules
    return {f"{name}/{key}": value for name, each in modules.items() for key, value in each.state_dict().items()}


def difference(weights: Mapping[str, Tensor], others: Mapping[str, Tensor], module: str = "") -> float:
    """Norm of the difference, as a share of the weights' norm."""
    names = [name for name in weights if name.startswith(module)]
    first, second = (torch.cat([each[name].flatten() for name in names]) for each in (weights, others))
    return float((first - second).norm() / first.norm())


def torchrun(arguments: Sequence[str], **environment: str) -> subprocess.CompletedProcess[str]:
    started = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.run(
        [*started, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_two_processes_learn_what_one_learns(
    with_clips: Parts, cohort_folder: Path, cache: Path, tmp_path: Path
) -> None:
    script = tmp_path / "together.py"
    script.write_text(TRAINING)
    configs = [to_toml(to_table(config)) for config in CONFIGS.values()]
    ended = torchrun([str(script), str(cohort_folder), str(cache), str(tmp_path), "-1", *configs])
    assert ended.returncode == 0, ended.stderr
    for number, (name, config) in enumerate(CONFIGS.items()):
        alone = learned_alone(with_clips, config, tmp_path / f"alone {number}")
        begun = {f"network/{key}": value for key, value in new_network(config).state_dict().items()}
        first, second = (load_file(tmp_path / f"{number}.weights.{rank}") for rank in (0, 1))
        assert all(torch.equal(first[key], second[key]) for key in first), name
        for module in {key.partition("/")[0] for key in first}:
            assert difference(alone, first, module) < LARGEST_DIFFERENCE, (name, module)
        assert difference(begun, first, "network") > 500 * LARGEST_DIFFERENCE, (name, "or there was nothing to compare")


def test_the_command_trains_in_two_processes_and_one_tells(cohort: Cohort, cohort_folder: Path, tmp_path: Path) -> None:
    config = CONFIGS["plain"]
    (tmp_path / "config.toml").write_text(to_toml(to_table(config)))
    options = ["--config", str(tmp_path / "config.toml"), "--device", "cpu"]
    command = ["-m", "eegwarn.cli", "train", str(cohort_folder), "--out", str(tmp_path / "two.eegwarn"), *options]
    ended = torchrun(command, EEGWARN_CACHE=str(tmp_path / "cache"))
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("Trained") == 1
    assert ended.stderr.count("train: done (40)") == 1
    assert not list(tmp_path.glob("*.checkpoint*"))
    alone = train(cohort, tmp_path / "one.eegwarn", config, cache=tmp_path / "cache" / "signals", device="cpu")
    together = read_bundle(tmp_path / "two.eegwarn")
    assert difference(load(alone.bundle.weights), load(together.weights)) < LARGEST_DIFFERENCE
    # One entry a recording, and nothing was made again.
    n_read = len(alone.bundle.record["split"]["training"]["persons"]) + 1
    assert len(list((tmp_path / "cache" / "signals").iterdir())) == n_read


def started_by_hand(rank: int, port: int, arguments: Sequence[str], config: TrainConfig) -> subprocess.Popen[str]:
    ranks = {"RANK": rank, "WORLD_SIZE": 2, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": 2, "MASTER_PORT": port}
    environment = {name: str(value) for name, value in ranks.items()} | {"MASTER_ADDR": "localhost"}
    return subprocess.Popen(
        [sys.executable, "-c", TRAINING, *arguments, to_toml(to_table(config))],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_process_that_is_killed_is_told_of_by_the_other_and_one_alone_goes_on(
    with_clips: Parts, cohort_folder: Path, cache: Path, tmp_path: Path
) -> None:
    config = replace(CONFIGS["plain"], steps=12, validate_every=4)
    with socket.create_server(("localhost", 0)) as free:
        port = free.getsockname()[1]
    arguments = [str(cohort_folder), str(cache), str(tmp_path), "7"]
    first, second = (started_by_hand(rank, port, arguments, config) for rank in (0, 1))
    try:
        assert first.stdout is not None
        assert first.stdout.readline().strip() == "waits"
        first.kill()
        _, said = second.communicate(timeout=30)
        assert second.returncode != 0
        assert "EngineError: Another process of this training was lost (" in said
    finally:
        for each in (first, second):
            each.kill()
            each.communicate()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.train"]
    told: list[int] = []
    place = Place(tmp_path / "0", "run", torch.device("cpu"), lambda stage, done, total: told.append(done))
    with repeatable(1):
        resumed = learn(*with_clips, config, place).state.modules["network"].state_dict()
    assert told == list(range(5, 13))
    unbroken = learned_alone(with_clips, config, tmp_path / "unbroken")
    assert difference({f"network/{key}": value for key, value in resumed.items()}, unbroken) < LARGEST_DIFFERENCE


@pytest.mark.parametrize("n_ranks", [2, 3, 7])
def test_shares_are_the_batch_row_for_row(parts: Parts, n_ranks: int) -> None:
    training, _ = parts
    pool = pool_windows(training, [each.target for each in training], "training")
    eeg_uv, target = draw_batch(training, pool, TINY, np.random.default_rng(3))
    shares = [
        draw_batch(training, pool, TINY, np.random.default_rng(3), here=Ranks(rank, n_ranks).share(TINY.batch_size))
        for rank in range(n_ranks)
    ]
    np.testing.assert_array_equal(np.concatenate([share[0] for share in shares]), eeg_uv)
    np.testing.assert_array_equal(np.concatenate([share[1] for share in shares]), target)


def test_every_row_and_every_recording_is_one_processes() -> None:
    for n_rows, n_ranks in ((64, 2), (9, 4), (2, 3), (0, 2)):
        ranks = [Ranks(rank, n_ranks) for rank in range(n_ranks)]
        rows = [row for each in ranks for row in range(n_rows)[each.share(n_rows)]]
        assert rows == list(range(n_rows))
        assert [sum(each.owns(number) for each in ranks) for number in range(n_rows)] == [1] * n_rows


TORCHRUN = {
    "RANK": "3",
    "WORLD_SIZE": "4",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "2",
    "MASTER_ADDR": "localhost",
    "MASTER_PORT": "29500",
}


def test_without_torchrun_a_process_is_alone_and_with_it_knows_its_place() -> None:
    assert ranks_of({}) == ranks_of({"WORLD_SIZE": "1", "RANK": "0"}) == ALONE
    assert ranks_of(TORCHRUN) == Ranks(3, 4, 1, 2)


@pytest.mark.parametrize(("name", "value"), [("RANK", ""), ("MASTER_ADDR", ""), ("RANK", "4"), ("LOCAL_RANK", "one")])
def test_half_an_environment_is_one_clear_line(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=rf"{name}='{value}'.*torchrun") as caught:
        ranks_of({**TORCHRUN, name: value})
    assert "\n" not in str(caught.value)


def test_an_error_says_in_which_process_it_befell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", str(tmp_path / "nowhere"), "--out", str(tmp_path / "model.eegwarn")]
    for rank, begin in (("0", "eegwarn: "), ("1", "eegwarn: process 1: ")):
        monkeypatch.setenv("RANK", rank)
        assert main(command) == 2
        assert capsys.readouterr().err.startswith(begin)


def test_processes_of_one_machine_share_its_cores_out() -> None:
    with repeatable(0, Ranks(0, 2, 0, 2 * (os.cpu_count() or 1))):
        assert torch.get_num_threads() == 1
    with repeatable(0):
        assert torch.get_num_threads() == os.cpu_count()
