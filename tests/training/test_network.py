"""Training learns, repeats exactly, and goes on after a kill as if nothing had happened."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from eegwarn.bedside import Progress
from eegwarn.config import to_table, to_toml
from eegwarn.errors import ConfigError, ModelError
from training.checkpoint import TrainState
from training.config import OptimiserConfig, TrainConfig
from training.loop import Place, choose_device, learning_rate, repeatable
from training.network import judge_recording, new_network, train_network
from training.windows import LabelledRecording

from .conftest import TINY, louder_in_seizures

Parts = tuple[tuple[LabelledRecording, ...], tuple[LabelledRecording, ...]]

# Trains as the tests do, says so at step 7, and then waits to be killed.
TRAINING_PROCESS = """
import sys, time, tomllib
from pathlib import Path
import torch
from eegwarn.cohort import read_cohort
from eegwarn.config import from_table
from training.config import TrainConfig
from training.loop import Place, repeatable
from training.network import train_network
from training.windows import prepare_recordings

folder, cache, checkpoint, config = sys.argv[1:]
config = from_table(TrainConfig, tomllib.loads(config))
cohort = read_cohort(Path(folder))
chosen = [each for each in cohort.recordings if each.events][:4]
recordings = prepare_recordings(cohort, chosen, config, cache=Path(cache), step="read").recordings

def wait(step, done, total):
    if done == 7:
        print("seven", flush=True)
        time.sleep(600)

with repeatable(config.threads):
    place = Place(Path(checkpoint), "run", torch.device("cpu"), wait)
    train_network(recordings[:2], [each.target for each in recordings[:2]], recordings[2:], config, place)
"""


def run(
    parts: Parts, config: TrainConfig, checkpoint: Path, *, name: str = "run", progress: Progress | None = None
) -> TrainState:
    training, validation = parts
    place = Place(checkpoint, name, torch.device("cpu"), progress)
    with repeatable(config.threads):
        return train_network(training, [each.target for each in training], validation, config, place)


def assert_same(first: TrainState, second: TrainState) -> None:
    assert (first.step, first.best_score, first.history) == (second.step, second.best_score, second.history)
    for name, weight in first.network.state_dict().items():
        assert torch.equal(weight, second.network.state_dict()[name]), name


def test_a_training_that_was_killed_ends_with_the_weights_of_an_unbroken_one(
    parts: Parts, cohort_folder: Path, cache: Path, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "killed.checkpoint"
    arguments = [str(cohort_folder), str(cache), str(checkpoint), to_toml(to_table(TINY))]
    with subprocess.Popen(
        [sys.executable, "-c", TRAINING_PROCESS, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "seven"
        process.kill()
        assert process.wait(30) != 0
    assert [path.name for path in tmp_path.iterdir()] == [f"{checkpoint.name}.train"]
    resumed = run(parts, TINY, checkpoint)
    assert_same(resumed, run(parts, TINY, tmp_path / "unbroken.checkpoint"))


@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
def test_a_training_ended_by_ctrl_c_goes_on_as_if_nothing_had_happened(
    parts: Parts, tmp_path: Path, optimiser: str
) -> None:
    config = replace(TINY, optimiser=OptimiserConfig(name=optimiser, warmup_steps=3))  # type: ignore[arg-type]
    checkpoint = tmp_path / "ended.checkpoint"

    def interrupt(step: str, done: int, total: int) -> None:
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(parts, config, checkpoint, progress=interrupt)
    assert [path.name for path in tmp_path.iterdir()] == [f"{checkpoint.name}.train"]
    assert_same(run(parts, config, checkpoint), run(parts, config, tmp_path / "unbroken.checkpoint"))


def test_another_seed_gives_other_weights(parts: Parts, tmp_path: Path) -> None:
    first, second = (run(parts, replace(TINY, seed=seed), tmp_path / f"{seed}") for seed in (0, 1))
    assert not torch.equal(first.network.head.weight, second.network.head.weight)


def test_a_checkpoint_of_another_training_is_refused(parts: Parts, tmp_path: Path) -> None:
    run(parts, TINY, tmp_path / "checkpoint")
    with pytest.raises(ModelError, match="other data or another configuration"):
        run(parts, TINY, tmp_path / "checkpoint", name="another")


@pytest.mark.parametrize("content", [b"", b"garbage" * 40, bytes(100)])
def test_what_is_no_checkpoint_is_one_clear_line(parts: Parts, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "checkpoint.train").write_bytes(content)
    with pytest.raises(ModelError, match="is no checkpoint") as caught:
        run(parts, TINY, tmp_path / "checkpoint")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("lost", ["now/network/head.weight", "best/network/head.weight", "optimiser/network/0/"])
def test_a_checkpoint_that_lacks_something_is_one_clear_line(parts: Parts, tmp_path: Path, lost: str) -> None:
    checkpoint = tmp_path / "checkpoint"
    run(parts, TINY, checkpoint)
    stored = tmp_path / "checkpoint.train"
    with safe_open(stored, framework="pt") as file:
        about = file.metadata()
        kept = {name: file.get_tensor(name) for name in file.keys() if not name.startswith(lost)}  # noqa: SIM118
    save_file(kept, stored, metadata=about)
    with pytest.raises(ModelError, match="incomplete checkpoint") as caught:
        run(parts, TINY, checkpoint)
    assert "\n" not in str(caught.value)


def test_training_learns_to_tell_loud_from_quiet(parts: Parts, tmp_path: Path) -> None:
    loud = [louder_in_seizures(each) for each in parts[0]], [louder_in_seizures(each) for each in parts[1]]
    config = replace(TINY, steps=120, validate_every=20, batch_size=16, optimiser=OptimiserConfig(warmup_steps=5))
    assert run(loud, config, tmp_path / "checkpoint").best_score > 0.95  # type: ignore[arg-type]


def test_training_stops_when_the_validation_patients_gain_nothing(parts: Parts, tmp_path: Path) -> None:
    config = replace(TINY, steps=400, validate_every=2, patience=2, optimiser=OptimiserConfig(learning_rate=1e-9))
    state = run(parts, config, tmp_path / "checkpoint")
    assert state.step < 400
    assert state.best_score == max(look["validation_auroc"] for look in state.history)


def test_a_loss_that_is_not_finite_ends_the_training(parts: Parts, tmp_path: Path) -> None:
    config = replace(
        TINY, optimiser=OptimiserConfig(name="sgd", learning_rate=1e30, warmup_steps=0, largest_gradient=1e30)
    )
    with pytest.raises(ModelError, match=r"Lower optimiser.learning_rate"):
        run(parts, config, tmp_path / "checkpoint")


def test_the_learning_rate_rises_and_falls() -> None:
    config = OptimiserConfig(warmup_steps=10, learning_rate=1.0)
    rates = [learning_rate(config, step=step, steps=100) for step in range(100)]
    assert rates[0] == 0.1
    assert max(rates) == rates[9] == rates[10] == 1.0
    assert (np.diff(rates[10:]) < 0).all()
    assert rates[-1] < 0.02


def test_logits_of_a_recording_are_nan_where_it_is_not_usable(parts: Parts) -> None:
    recording = parts[0][0]
    usable = recording.windows.usable.copy()
    usable[5:300] = False
    logit = judge_recording(new_network(TINY), replace(recording.windows, usable=usable), torch.device("cpu"))
    np.testing.assert_array_equal(np.isnan(logit), ~usable)


def test_an_unknown_device_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match="auto, cpu, cuda"):
        choose_device("gpu")
    assert choose_device("cpu").type == "cpu"
