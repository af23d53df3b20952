"""Files that were made to harm, one for each way that we know of: every one must be refused in one line."""

import warnings
import zipfile
from collections.abc import Mapping
from io import BytesIO

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from eegwarn.bedside.archive import LARGEST_MEMBER_BYTES, MANIFEST, pack
from training.benchmarks.altered_models import small_models

_NETWORK = "model.onnx"


def planted_models() -> dict[str, bytes]:
    """Give model files that were made to harm, by what they try."""
    model = small_models()[0]
    with zipfile.ZipFile(BytesIO(model)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    parts = {name: content for name, content in members.items() if name != MANIFEST}
    bomb = bytes(LARGEST_MEMBER_BYTES + 1)
    return {
        "a member that unpacks to more than is allowed": _zipped({**members, _NETWORK: bomb}),
        "a member that says it is small and is not": _zipped({**members, _NETWORK: bomb}).replace(
            len(bomb).to_bytes(4, "little"), (1000).to_bytes(4, "little")
        ),
        "a path out of the folder": _zipped({**members, "../../evil.py": b"1"}),
        "an absolute path": _zipped({**members, "/etc/evil": b"1"}),
        "a member twice": _zipped(members, _NETWORK),
        "a link": _zipped(members, link="weights.safetensors"),
        "weights whose header claims 2**60 bytes": pack(
            {**parts, "weights.safetensors": (2**60).to_bytes(8, "little") + b"{}"}
        ),
        "lists nested 100 000 deep": pack({**parts, "config.toml": b"a = " + b"[" * 100_000}),
        "a key of 100 000 parts": pack({**parts, "record.toml": b"a." * 100_000 + b"a = 1"}),
        "a network that asks for a terabyte": pack({**parts, _NETWORK: _greedy_network(2**38)}),
        "a network that asks for 2**63 bytes": pack({**parts, _NETWORK: _greedy_network(2**61 - 1)}),
    }


def planted_edfs(edf: bytes) -> dict[str, bytes]:
    """Give EDF files whose header promises what no file holds, by what it promises; ``edf`` is a valid one."""
    n_signals = int(edf[252:256])
    per_record = 256 + 216 * n_signals

    def with_field(at: int, width: int, value: bytes) -> bytes:
        return edf[:at] + value.ljust(width) + edf[at + width :]

    return {
        "99 999 999 records": with_field(236, 8, b"99999999"),
        "1e9 records": with_field(236, 8, b"1e9"),
        "9999 signals": with_field(252, 4, b"9999"),
        "a header of 99 999 999 bytes": with_field(184, 8, b"99999999"),
        "records of no time": with_field(244, 8, b"0"),
        "records of 1e99 s": with_field(244, 8, b"1e99"),
        "99 999 999 samples a record": with_field(per_record, 8, b"99999999"),
        "-1 samples a record": with_field(per_record, 8, b"-1"),
    }


def planted_tables() -> dict[str, bytes]:
    """Give tables of events that take long to read or promise too much, by how."""
    header = b"onset\tduration\teventType\n"
    return {
        "a cell of 30 MB": header + b"1.0\t2.0\t" + b"x" * 30_000_000,
        "a number of 5 000 000 digits": header + b"9" * 5_000_000 + b"\t2.0\tsz\n",
        "500 000 columns": b"a\t" * 500_000 + b"\n" + b"1\t" * 500_000,
        "an event that never ends": header + b"1.0\tinf\tsz\n",
        "a million quotation marks": header + b'"' * 1_000_000,
    }


def planted_settings() -> dict[str, bytes]:
    """Give ``beds.toml`` files that take long to parse, by how."""
    long_key = b"a." * 100_000 + b"a"
    return {
        "lists nested 100 000 deep": b"a = " + b"[" * 100_000,
        "tables nested 100 000 deep": b"a = " + b"{a = " * 100_000,
        "a key of 100 000 parts": long_key + b" = 1",
        "a table of 100 000 parts": b"[" + long_key + b"]",
        "a key of 100 000 parts in quotes": b'"=".' * 100_000 + b"a = 1",
        "a key of 100 000 parts behind a long string": b"x = {y = '''a'b''', " + long_key + b" = 1, z = ''}",
        "a number of 5 000 digits": b'["bed 1"]\nspeed = ' + b"9" * 5000,
    }


def _zipped(members: Mapping[str, bytes], twice: str = "", *, link: str = "") -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if name == link:
                info.create_system, info.external_attr, content = 3, 0o120777 << 16, b"/etc/passwd"
            archive.writestr(info, content)
        if twice:
            warnings.simplefilter("ignore")  # of a name that is there already
            archive.writestr(zipfile.ZipInfo(twice), b"other")
    return buffer.getvalue()


def _greedy_network(n_floats: int) -> bytes:
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["huge"]),
        helper.make_node("ReduceSum", ["huge"], ["sum"], keepdims=0),
        helper.make_node("ReduceMean", ["eeg_uv"], ["mean_uv"], axes=[1, 2], keepdims=0),
        helper.make_node("Add", ["mean_uv", "sum"], ["logit"]),
    ]
    graph = helper.make_graph(
        nodes,
        "greedy",
        [helper.make_tensor_value_info("eeg_uv", TensorProto.FLOAT, ["batch", 18, 512])],
        [helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["batch"])],
        [numpy_helper.from_array(np.int64([n_floats]), "shape")],
    )
    return bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    )
