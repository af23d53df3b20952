"""Model files whose parts were altered and sealed again: they pass the seal, and reach whatever reads the parts.

The network keeps being a network and the weights a file of tensors, so that most alterations get as far as being run.
"""

import json
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import onnx
from safetensors.torch import save

from eegwarn.backbones import ResNet, ResNetConfig
from eegwarn.bedside import Bundle, ModelConfig, read_bundle, score_recording
from eegwarn.bedside.archive import MANIFEST, pack
from eegwarn.bedside.bundle import packed
from eegwarn.config import to_table
from eegwarn.signal.channels import parse_channel
from eegwarn.signal.recording import Recording
from training.benchmarks.lsl_sender import ELECTRODES
from training.export import export_onnx
from training.export_int8 import export_int8
from training.finetune import trained_network

_NETWORK, _WEIGHTS, _CONFIG = "model.onnx", "weights.safetensors", "config.toml"
_NUMBERS = (-(2**63), -(2**31), -1, 0, 1, 2, 3, 4, 8, 18, 511, 513, 65_536, 2**31 - 1, 2**40, 2**63 - 1)
_OPERATORS = (
    *("Add", "Cast", "Concat", "Conv", "ConstantOfShape", "Expand", "Flatten", "Gather", "Gemm", "Identity", "LSTM"),
    *(
        "MatMul",
        "MaxPool",
        "NonZero",
        "Pad",
        "Range",
        "ReduceMean",
        "Reshape",
        "Resize",
        "Shape",
        "Slice",
        "Tile",
        "NoSuch",
    ),
)
_TYPES = ("F32", "F64", "F16", "I8", "I64", "BOOL", "U8", "F8_E4M3", "NO")
_SFREQ, _DURATION_S = 128.0, 12


def small_models() -> list[bytes]:
    """Give model files of a small network, in full precision with its weights, and in 8 bits."""
    config = ResNetConfig(widths=(8, 8))
    network = ResNet(config)
    exported = export_onnx(network, n_channels=18, n_times=512)
    noise_uv = 30 * np.random.default_rng(0).standard_normal((8, 18, 512), dtype=np.float32)
    told = replace(ModelConfig(), backbone={"kind": "resnet", **to_table(config)})
    whole = Bundle(told, exported, save(dict(network.state_dict())))
    return [packed(whole), packed(replace(whole, onnx=export_int8(exported, noise_uv, reduced_range=False)))]


def run_model(path: Path) -> None:
    """Score a few seconds of noise with a model file, and rebuild its network."""
    bundle = read_bundle(path)
    noise_uv = 20 * np.random.default_rng(0).standard_normal((len(ELECTRODES), round(_SFREQ * _DURATION_S)))
    data_uv = noise_uv.astype(np.float32)
    channels = tuple(channel for label in ELECTRODES if (channel := parse_channel(label)))
    noise = Recording("noise", _SFREQ, channels, data_uv.shape[1], lambda start, stop: data_uv[:, start:stop])
    score_recording(bundle, noise)
    trained_network(bundle)


def altered(examples: Sequence[bytes]):  # type: ignore[no-untyped-def]  # hypothesis is only there with the extra "test"
    """Give hypothesis's strategy for model files with one alteration or two, sealed again."""
    from hypothesis import strategies as st

    number = st.sampled_from(_NUMBERS) | st.integers(-(2**63), 2**63 - 1)
    edit = st.tuples(st.sampled_from(list(_EDITS)), st.integers(0, 2**16), st.integers(0, 2**16), number)
    return st.builds(_altered, st.sampled_from(examples), st.lists(edit, min_size=1, max_size=2))


def _altered(example: bytes, edits: Sequence[tuple[str, int, int, int]]) -> bytes:
    with zipfile.ZipFile(BytesIO(example)) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if name != MANIFEST}
    for what, first, second, number in edits:
        name, change = _EDITS[what]
        members[name] = change(members[name], first, second, number)
    return pack(members)


Change = Callable[[bytes, int, int, int], bytes]


def _in_network(change: Callable[[onnx.GraphProto, int, int, int], None]) -> Change:
    """Give what parses a network, changes it and writes it again."""

    def changed(content: bytes, first: int, second: int, number: int) -> bytes:
        model = onnx.load_model_from_string(content)
        change(model.graph, first, second, number)
        return bytes(model.SerializeToString())

    return changed


def _operator(graph: onnx.GraphProto, first: int, second: int, _: int) -> None:
    graph.node[first % len(graph.node)].op_type = _OPERATORS[second % len(_OPERATORS)]


def _attribute(graph: onnx.GraphProto, first: int, second: int, number: int) -> None:
    attributes = [attribute for node in graph.node for attribute in node.attribute]
    attribute = attributes[first % len(attributes)]
    if attribute.ints:
        attribute.ints[second % len(attribute.ints)] = number
    elif attribute.type == onnx.AttributeProto.INT:
        attribute.i = number
    else:
        attribute.f = float(number)


def _wire(graph: onnx.GraphProto, first: int, second: int, number: int) -> None:
    names = [name for node in graph.node for name in (*node.input, *node.output)]
    wires = graph.node[first % len(graph.node)].input
    if wires:
        wires[second % len(wires)] = names[number % len(names)]


def _missing_node(graph: onnx.GraphProto, first: int, *_: int) -> None:
    if graph.node:
        del graph.node[first % len(graph.node)]


def _shape(graph: onnx.GraphProto, first: int, second: int, number: int) -> None:
    tensor = graph.initializer[first % len(graph.initializer)]
    if tensor.dims:
        tensor.dims[second % len(tensor.dims)] = number


def _type(graph: onnx.GraphProto, first: int, second: int, _: int) -> None:
    graph.initializer[first % len(graph.initializer)].data_type = second % 24


def _values(graph: onnx.GraphProto, first: int, second: int, number: int) -> None:
    tensor = graph.initializer[first % len(graph.initializer)]
    raw = bytearray(tensor.raw_data)
    word = number.to_bytes(8, "little", signed=True)
    at = second % (len(raw) + 1)
    raw[at : at + 8] = word if second % 3 else b""
    tensor.raw_data = bytes(raw)


def _edges(graph: onnx.GraphProto, first: int, second: int, number: int) -> None:
    value = (*graph.input, *graph.output)[first % 2]
    dims = value.type.tensor_type.shape.dim
    if second % 4 == 0 or not dims:
        value.type.tensor_type.elem_type = second % 24
    else:
        dims[second % len(dims)].dim_value = number


def _header_of_weights(content: bytes, first: int, second: int, number: int) -> bytes:
    """Change the shape, type or place that the header of the weights gives a tensor."""
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    tensor = header[sorted(name for name in header if name != "__metadata__")[first % (len(header) - 1)]]
    if second % 3 == 0:
        tensor["shape"] = [number, *tensor["shape"][1:]]
    elif second % 3 == 1:
        tensor["dtype"] = _TYPES[number % len(_TYPES)]
    else:
        tensor["data_offsets"][second % 2] = number
    told = json.dumps(header).encode()
    return len(told).to_bytes(8, "little") + told + content[8 + size :]


def _setting(content: bytes, first: int, second: int, number: int) -> bytes:
    """Change a number of the configuration."""
    text = content.decode()
    numbers = list(re.finditer(r"-?\d+(\.\d+)?", text))
    at = numbers[first % len(numbers)]
    new = (str(number), f"{number / 1000}", "1e308", "nan", "-0.0", "1e-300")[second % 6]
    return (text[: at.start()] + new + text[at.end() :]).encode()


_EDITS: Mapping[str, tuple[str, Change]] = {
    "operator": (_NETWORK, _in_network(_operator)),
    "attribute": (_NETWORK, _in_network(_attribute)),
    "wire": (_NETWORK, _in_network(_wire)),
    "missing node": (_NETWORK, _in_network(_missing_node)),
    "shape": (_NETWORK, _in_network(_shape)),
    "type": (_NETWORK, _in_network(_type)),
    "values": (_NETWORK, _in_network(_values)),
    "edges": (_NETWORK, _in_network(_edges)),
    "weights": (_WEIGHTS, _header_of_weights),
    "setting": (_CONFIG, _setting),
}
