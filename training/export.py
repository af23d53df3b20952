"""From a trained network to what the bedside runtime loads, and the proof that both say the same."""

import warnings
from io import BytesIO

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from torch import nn

from eegwarn.errors import ModelError

LARGEST_DIFFERENCE = 1e-5
"""Between torch's and onnxruntime's logits, relative to 1 or to the logit where that is larger."""

BLOCK = 8
"""Channels that onnxruntime's quick convolutions in full precision take together, on processors with AVX2."""

_OPSET = 18
_CHECKED_WINDOWS = 33


def export_onnx(network: nn.Module, *, n_channels: int, n_times: int) -> bytes:
    """Export a network with a free number of windows, and check it against torch.

    Parameters
    ----------
    network : nn.Module
        From windows in µV, shape (batch, n_channels, n_times), to logits, shape (batch,).
    n_channels, n_times : int
        Shape of a window.

    Returns
    -------
    bytes
        The ONNX model, free of traces of where it was made.

    Raises
    ------
    ModelError
        If onnxruntime's logits differ from torch's by more than 1e-5.
    """
    network = network.to("cpu").eval()
    buffer = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of its own internals
        # The other exporter takes ten seconds for the same nodes: it walks through an LSTM frame by frame, three times.
        torch.onnx.export(
            network,
            (torch.zeros(2, n_channels, n_times),),
            buffer,
            dynamo=False,
            opset_version=_OPSET,
            input_names=["eeg_uv"],
            output_names=["logit"],
            dynamic_axes={"eeg_uv": {0: "batch"}, "logit": {0: "batch"}},
        )
    content = _without_traces(_affines_in_one(buffer.getvalue()))
    check_equal(network, content, n_channels=n_channels, n_times=n_times)
    return content


def in_whole_blocks(content: bytes) -> bytes:
    """Give the first convolution channels of nought, up to a multiple of `BLOCK`.

    The logits stay, in 5 to 15 % less time. In 8 bits it would take longer instead: those convolutions are as quick
    with any number of channels.

    Parameters
    ----------
    content : bytes
        ONNX, as `export_onnx` gives it.
    """
    model = onnx.load_from_string(content)
    weights = {each.name: each for each in model.graph.initializer}
    place, stem = next((place, node) for place, node in enumerate(model.graph.node) if node.op_type == "Conv")
    weight = numpy_helper.to_array(weights[stem.input[1]])  # (n_outputs, n_channels, 1, kernel)
    n_missing = -weight.shape[1] % BLOCK
    if not n_missing:
        return content
    wider = np.pad(weight, ((0, 0), (0, n_missing), (0, 0), (0, 0)))
    weights[stem.input[1]].CopyFrom(numpy_helper.from_array(wider, stem.input[1]))
    ends = np.array([0, 0, 0, 0, 0, n_missing, 0, 0])  # before and after each of (batch, n_channels, 1, n_times)
    model.graph.initializer.append(numpy_helper.from_array(ends, "ends"))
    model.graph.node.insert(place, helper.make_node("Pad", [stem.input[0], "ends"], ["whole_blocks"]))
    stem.input[0] = "whole_blocks"
    return model.SerializeToString(deterministic=True)


def _affines_in_one(content: bytes) -> bytes:
    """Write the scale and shift of every GroupNorm as one node: one way through memory, and the very same numbers.

    The shape between its groups and its channels is written down too, where torch's exporter asks for it in each run.
    """
    model = onnx.load_from_string(content)
    made = {node.output[0]: node for node in model.graph.node}
    parameters = {each.name: each for each in model.graph.initializer}

    def parameter(name: str) -> NDArray[np.float32] | None:
        while name in made and made[name].op_type == "Identity":  # nodes share parameters under several names
            name = made[name].input[0]
        return numpy_helper.to_array(parameters[name]) if name in parameters else None

    for shift in [node for node in model.graph.node if node.op_type == "Add"]:
        scale = made.get(shift.input[0])
        if scale is None or scale.op_type != "Mul" or made[scale.input[0]].op_type != "Reshape":
            continue
        by, to = parameter(scale.input[1]), parameter(shift.input[1])
        if by is None or to is None:
            continue
        into_channels = made[scale.input[0]]
        values = {
            "shape": np.array([0, by.size, *[1] * (by.ndim - 2), -1]),  # (batch, n_channels, 1, n_times)
            "scale": by.ravel(),
            "shift": to.ravel(),
            "mean": np.zeros(by.size, np.float32),
            "variance": np.ones(by.size, np.float32),
        }
        shape, *names = [f"{shift.output[0]} {name}" for name in values]
        model.graph.initializer.extend(
            numpy_helper.from_array(value, name) for name, value in zip((shape, *names), values.values(), strict=True)
        )
        in_one = helper.make_node("BatchNormalization", [into_channels.output[0], *names], shift.output, epsilon=0.0)
        model.graph.node.insert(list(model.graph.node).index(scale), in_one)
        for node in (scale, shift, made[into_channels.input[1]]):
            model.graph.node.remove(node)
        into_channels.input[1] = shape
    used = {name for node in model.graph.node for name in node.input}
    for unused in [each for each in model.graph.initializer if each.name not in used]:
        model.graph.initializer.remove(unused)
    return model.SerializeToString(deterministic=True)


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
        If their logits differ by more than 1e-5.
    """
    rng = np.random.default_rng(0)
    scale_uv = np.geomspace(0.1, 3000, _CHECKED_WINDOWS)[:, None, None]
    eeg_uv = (scale_uv * rng.standard_normal((_CHECKED_WINDOWS, n_channels, n_times))).astype(np.float32)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (exported,) = session.run(None, {"eeg_uv": eeg_uv})
    with torch.no_grad():
        expected = network(torch.from_numpy(eeg_uv)).numpy()
    difference = float(np.max(np.abs(exported - expected) / np.maximum(1, np.abs(expected))))
    if not difference <= LARGEST_DIFFERENCE:
        raise ModelError(
            f"The exported network differs from the trained one by {difference:.2g}; at most {LARGEST_DIFFERENCE} is "
            "allowed. Another version of torch or onnx may help."
        )
