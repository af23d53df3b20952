"""From a trained network to what the bedside runtime loads, and the proof that both say the same."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eegwarn.errors import ModelError

LARGEST_DIFFERENCE = 1e-5
"""Between torch's and onnxruntime's numbers, relative to 1 or to the number where that is larger."""

_OPSET = 18
_CHECKED_WINDOWS = 33


def export_onnx(network: nn.Module, *, n_channels: int, n_times: int, with_features: bool = False) -> bytes:
    """Export a network with a free number of windows, and check it against torch.

    Parameters
    ----------
    network : nn.Module
        From windows in µV, shape (batch, n_channels, n_times), to logits, shape (batch,).
    n_channels, n_times : int
        Shape of a window.
    with_features : bool
        Whether the features, shape (batch, n_features), come out beside the logits: a model with a trend needs them.

    Returns
    -------
    bytes
        The ONNX model, free of traces of where it was made.

    Raises
    ------
    ModelError
        If onnxruntime's numbers differ from torch's by more than 1e-5.
    """
    network = (_WithFeatures(network) if with_features else network).to("cpu").eval()
    content = _export(
        network, {"eeg_uv": torch.zeros(2, n_channels, n_times)}, ("logit", "features")[: 1 + with_features]
    )
    check_equal(network, content, n_channels=n_channels, n_times=n_times)
    return content


class _WithFeatures(nn.Module):
    """A backbone that gives its logit and the features behind it, which are computed once."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, eeg_uv: Tensor) -> tuple[Tensor, Tensor]:
        """Map (batch, n_channels, n_times) to (batch,) and (batch, n_features)."""
        features = self.network.features(eeg_uv)  # (batch, n_features)
        return self.network.head(features).squeeze(1), features


def _export(network: nn.Module, examples: dict[str, Tensor], outputs: Sequence[str]) -> bytes:
    with warnings.catch_warnings(), _without_log("torch.onnx"):
        warnings.simplefilter("ignore")  # torch warns of its own internals
        program = torch.onnx.export(
            network,
            tuple(examples.values()),
            dynamo=True,
            verbose=False,
            opset_version=_OPSET,
            input_names=list(examples),
            output_names=list(outputs),
            dynamic_shapes=tuple({0: torch.export.Dim("batch")} for _ in examples),
        )
    buffer = BytesIO()
    program.save(buffer)
    return _without_traces(buffer.getvalue())


def _without_traces(content: bytes) -> bytes:
    """Drop names of source files and stack traces, which differ from machine to machine."""
    model = onnx.load_from_string(content)
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info, *model.graph.initializer):
        del value.metadata_props[:]
    return model.SerializeToString(deterministic=True)


def check_equal(network: nn.Module, content: bytes, *, n_channels: int, n_times: int) -> None:
    """Compare an exported network with the one in torch, on noise from 0.1 to 3000 µV.

    Raises
    ------
    ModelError
        If a number that comes out differs by more than 1e-5.
    """
    rng = np.random.default_rng(0)
    scale_uv = np.geomspace(0.1, 3000, _CHECKED_WINDOWS)[:, None, None]
    eeg_uv = (scale_uv * rng.standard_normal((_CHECKED_WINDOWS, n_channels, n_times))).astype(np.float32)
    _check_equal(network, content, {"eeg_uv": eeg_uv})


def _check_equal(network: nn.Module, content: bytes, inputs: dict[str, NDArray[np.float32]]) -> None:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    with torch.no_grad():
        given = network(*map(torch.from_numpy, inputs.values()))
    for output, expected in zip(
        session.run(None, inputs), given if isinstance(given, tuple) else (given,), strict=True
    ):
        difference = float(np.max(np.abs(output - expected.numpy()) / np.maximum(1, np.abs(expected.numpy()))))
        if not difference <= LARGEST_DIFFERENCE:
            raise ModelError(
                f"The exported network differs from the trained one by {difference:.2g}; at most {LARGEST_DIFFERENCE} "
                "is allowed. Another version of torch or onnx may help."
            )


@contextmanager
def _without_log(name: str) -> Iterator[None]:
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
