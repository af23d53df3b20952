"""Models that need no training and no torch: what they say follows from the amplitude of the EEG."""

from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from eegwarn.bedside.bundle import Bundle, ModelConfig


def amplitude_onnx(n_times: int = 512, *, n_channels: int = 18, slope: float = 0.25) -> bytes:
    """``logit = slope (mean |EEG| - 25 µV)``."""
    nodes = [
        helper.make_node("Abs", ["eeg_uv"], ["amplitude_uv"]),
        helper.make_node("ReduceMean", ["amplitude_uv"], ["mean_uv"], axes=[1, 2], keepdims=0),
        helper.make_node("Sub", ["mean_uv", "turn_uv"], ["above_uv"]),
        helper.make_node("Mul", ["above_uv", "slope"], ["logit"]),
    ]
    constants = {"turn_uv": np.float32(25), "slope": np.float32(slope)}
    return _onnx(nodes, constants, n_channels=n_channels, n_times=n_times)


def linear_onnx(n_channels: int = 18) -> bytes:
    """As `amplitude_onnx`, by a linear layer on the mean amplitude of each derivation."""
    nodes = [
        helper.make_node("Abs", ["eeg_uv"], ["amplitude_uv"]),
        helper.make_node("ReduceMean", ["amplitude_uv"], ["features_uv"], axes=[2], keepdims=0),
        helper.make_node("Gemm", ["features_uv", "weight", "bias"], ["linear"], transB=1),
        helper.make_node("Squeeze", ["linear", "last_axis"], ["logit"]),
    ]
    constants = {
        "weight": np.full((1, n_channels), 0.25 / n_channels, dtype=np.float32),
        "bias": np.float32([-0.25 * 25]),
        "last_axis": np.int64([1]),
    }
    return _onnx(nodes, constants, n_channels=n_channels)


def live_range_onnx() -> bytes:
    """As `amplitude_onnx`, in 8 bits whose range is found in each batch."""
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["eeg_uv"], ["code", "scale", "zero"]),
        helper.make_node("DequantizeLinear", ["code", "scale", "zero"], ["rough_uv"]),
        helper.make_node("Abs", ["rough_uv"], ["amplitude_uv"]),
        helper.make_node("ReduceMean", ["amplitude_uv"], ["logit"], axes=[1, 2], keepdims=0),
    ]
    return _onnx(nodes, {})


def constant_onnx(logit: np.ndarray, shape: list[str | int]) -> bytes:
    """A network that says the same whatever it is given, and declares that as of ``shape``."""
    output_type = helper.np_dtype_to_tensor_dtype(logit.dtype)
    return _onnx(
        [helper.make_node("Identity", ["constant"], ["logit"])],
        {"constant": logit},
        output=helper.make_tensor_value_info("logit", output_type, shape),
    )


def endless_onnx() -> bytes:
    """A network that adds 1 to its logits a million million times."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["on"], ["go_on"]), helper.make_node("Add", ["sum", "one"], ["next"])],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum", TensorProto.FLOAT, ["batch"]),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, ["batch"]),
        ],
    )
    nodes = [
        helper.make_node("ReduceMean", ["eeg_uv"], ["mean_uv"], axes=[1, 2], keepdims=0),
        helper.make_node("Loop", ["turns", "always", "mean_uv"], ["logit"], body=body),
    ]
    return _onnx(nodes, {"turns": np.int64(10**12), "always": np.bool_(True), "one": np.float32(1)})


def _onnx(
    nodes: list[Any],
    constants: dict[str, np.ndarray],
    *,
    n_channels: int = 18,
    n_times: int = 512,
    output: Any = None,
) -> bytes:
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("eeg_uv", TensorProto.FLOAT, ["batch", n_channels, n_times])],
        [output or helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["batch"])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    content: bytes = model.SerializeToString()
    return content


def amplitude_model() -> Bundle:
    """A model that warns above about 25 µV."""
    return Bundle(ModelConfig(), amplitude_onnx(), b"")
