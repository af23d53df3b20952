"""From an exported network to one that computes in 8 bits: convolutions in fixed ranges, LSTMs in ranges found live.

Convolutions take unsigned activations and signed weights with a scale for each output (U8S8), between
QuantizeLinear and DequantizeLinear; the ranges of the activations are those of training windows. Weights that lie on a
few even levels, as one that was trained through a quantiser does, keep their values.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

FULL_RANGE, REDUCED_RANGE = 127, 64
"""Largest code of a weight. Processors without VNNI add two products of 8 bits in 16, which 255 * 64 * 2 just fits."""

_MICROSOFT = "com.microsoft"
_WINDOWS_AT_ONCE = 32
_ON_A_LEVEL = 1e-4
"""How far from a whole multiple, in steps, a weight may be that counts as one."""

_PREPARED = "onnx.quant.pre_process", "onnxruntime.quant"
"""Tells onnxruntime that the graph needs no folding: else it advises it."""


def export_int8(content: bytes, calibration_uv: NDArray[np.float32], *, reduced_range: bool) -> bytes:
    """Turn an exported network into one with 8-bit weights and activations.

    Parameters
    ----------
    content : bytes
        ONNX, as `training.export.export_onnx` gives it.
    calibration_uv : ndarray of float32, shape (n_windows, n_channels, n_times)
        Windows of training patients: the activations they cause set the ranges.
    reduced_range : bool
        Whether the network is to be right on processors without VNNI too; takes a bit from weights that lie on no few
        levels.

    Returns
    -------
    bytes
        The ONNX model, with the inputs and outputs of ``content``.
    """
    largest = REDUCED_RANGE if reduced_range else FULL_RANGE
    model = onnx.load_from_string(content)
    helper.set_model_props(model, dict([_PREPARED]))
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "before.onnx", Path(folder) / "after.onnx"
        before.write_bytes(model.SerializeToString())
        quantize_static(
            before,
            after,
            _Windows(calibration_uv),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"TensorQuantOverrides": _scales_of_convolutions(model, largest)},
        )
        quantized = onnx.load(after)
    _quantize_in_uv(quantized)
    _quantize_lstms(quantized, largest)
    return _smallest(quantized)


class _Windows(CalibrationDataReader):  # type: ignore[misc]
    """Hands windows to onnxruntime, some at a time."""

    def __init__(self, eeg_uv: NDArray[np.float32]) -> None:
        parts = range(_WINDOWS_AT_ONCE, len(eeg_uv), _WINDOWS_AT_ONCE)
        self._parts: Iterator[NDArray[np.float32]] = iter(np.split(eeg_uv, parts))

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        part = next(self._parts, None)
        return None if part is None else {"eeg_uv": part}


def whole_codes(weight: NDArray[np.float32], largest: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Write weights as whole numbers times a scale of each output, without error where they lie on few even levels.

    Parameters
    ----------
    weight : ndarray, shape (n_outputs, ...)
        Of a layer.
    largest : int
        Largest code there may be.

    Returns
    -------
    code : ndarray of int8, shape of ``weight``
        Between ``-largest`` and ``largest``.
    scale : ndarray of float32, shape (n_outputs,)
        The weights are ``code * scale``: exactly, where with the least code that an output's largest weight can have
        all its weights are whole multiples; else rounded to ``largest`` levels of either sign.
    """
    rows = weight.reshape(len(weight), -1).astype(np.float64)
    top = np.abs(rows).max(axis=1, keepdims=True)
    top[top == 0] = 1.0
    highest = np.full_like(top, largest)
    for code in range(largest - 1, 0, -1):
        scaled = rows / top * code
        highest[(np.abs(scaled - np.round(scaled)) <= _ON_A_LEVEL).all(axis=1)] = code
    code = np.round(rows / top * highest).astype(np.int8)
    return code.reshape(weight.shape), (top / highest)[:, 0].astype(np.float32)


def _scales_of_convolutions(model: onnx.ModelProto, largest: int) -> dict[str, list[dict[str, Any]]]:
    weights = {each.name: each for each in model.graph.initializer}
    overrides = {}
    for node in model.graph.node:
        if node.op_type == "Conv":
            _, scale = whole_codes(numpy_helper.to_array(weights[node.input[1]]), largest)
            overrides[node.input[1]] = [
                {"quant_type": QuantType.QInt8, "axis": 0, "scale": each, "zero_point": np.int8(0)} for each in scale
            ]
    return overrides


def _quantize_in_uv(model: onnx.ModelProto) -> None:
    """Let the step from µV to 8 bits scale and clip as well, in place: two ways through the longest signal less.

    Codes end where the calibration's largest values lie, which have been clipped already.
    """
    made = {node.output[0]: node for node in model.graph.node}
    weights = {each.name: each for each in model.graph.initializer}
    chain = [next(node for node in model.graph.node if node.op_type == "QuantizeLinear")]
    while chain[-1].input[0] in made:
        chain.append(made[chain[-1].input[0]])
    quantize, *_, clip, divide = chain
    if (clip.op_type, divide.op_type) != ("Clip", "Div"):
        return
    scale = numpy_helper.to_array(weights[quantize.input[1]]) * _constant(made[divide.input[1]])
    model.graph.initializer.append(numpy_helper.from_array(scale.astype(np.float32), "scale_uv"))
    quantize.input[1] = "scale_uv"
    chain[chain.index(clip) - 1].input[0] = divide.input[0]
    model.graph.node.remove(clip)
    model.graph.node.remove(divide)


def _constant(node: onnx.NodeProto) -> NDArray[np.float32]:
    return numpy_helper.to_array(node.attribute[0].t)


def _quantize_lstms(model: onnx.ModelProto, largest: int) -> None:
    """Let LSTMs compute in 8 bits, in place: onnxruntime's DynamicQuantizeLSTM, with a scale for each output.

    Its own tool writes the same node, but rounds the levels of weights with more than one bit.
    """
    weights = {each.name: each for each in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type != "LSTM":
            continue
        parameters = []
        for name in node.input[1:3]:
            weight = numpy_helper.to_array(weights[name])  # (n_directions, 4 hidden, n_inputs)
            code, scale = whole_codes(weight.reshape(-1, weight.shape[2]), largest)
            code = code.reshape(weight.shape).transpose(0, 2, 1)  # (n_directions, n_inputs, 4 hidden)
            scale = scale.reshape(weight.shape[:2])
            weights[name].CopyFrom(numpy_helper.from_array(np.ascontiguousarray(code), name))
            parameters += [(f"{name}_scale", scale), (f"{name}_zero_point", np.zeros(scale.shape, np.int8))]
        model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in parameters)
        node.op_type, node.domain = "DynamicQuantizeLSTM", _MICROSOFT
        inputs = [*node.input, *[""] * (8 - len(node.input)), *(name for name, _ in parameters)]
        node.ClearField("input")
        node.input.extend(inputs)
        attributes = [each for each in node.attribute if each.name != "layout"]  # the one that is left is the usual one
        node.ClearField("attribute")
        node.attribute.extend(attributes)
    if all(each.domain != _MICROSOFT for each in model.opset_import):
        model.opset_import.append(helper.make_opsetid(_MICROSOFT, 1))


def _smallest(model: onnx.ModelProto) -> bytes:
    """Drop what no runtime needs, and give short names: half of a small network's file would be names."""
    del model.metadata_props[:], model.graph.value_info[:]
    kept = {value.name for value in (*model.graph.input, *model.graph.output)} | {""}
    names: dict[str, str] = {}

    def short(name: str) -> str:
        return name if name in kept else names.setdefault(name, f"{len(names):x}")

    for node in model.graph.node:
        node.ClearField("name")
        node.doc_string = ""
        for field in (node.input, node.output):
            field[:] = [short(name) for name in field]
    for each in model.graph.initializer:
        each.name = short(each.name)
    content: bytes = model.SerializeToString(deterministic=True)
    return content
