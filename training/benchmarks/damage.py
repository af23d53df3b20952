"""Damaged files, drawn by hypothesis.

Valid examples have bytes changed, cut out, doubled and cut off, and words put in that have broken parsers before.
"""

from collections.abc import Sequence

WORDS = (
    b"-1", b"0", b"1e999", b"nan", b"-5", b"99999999", b"999999999999999999999", b"\xd9\xa3", b"\0", b"\xff\xfe", b"\r",
    b"\n", b"\t", b",", b'"', b"'", b"=", b"[", b"]" * 40, b"[" * 4000, b"../../../etc/passwd", b"25:61:61",
    b"\xed\x9f\xbf", b"inf", b"n/a", b"true", b"EDF+D", b"EDF Annotations ", b"+0\x14\x14", b"\x1b[2J",
)  # fmt: skip


def damaged(examples: Sequence[bytes]):  # type: ignore[no-untyped-def]  # hypothesis is only there with the extra "test"
    """Give hypothesis's strategy for damaged inputs.

    Parameters
    ----------
    examples : sequence of bytes
        Valid inputs; what is drawn is one of them with up to eight edits, or, about one in ten, random throughout.
    """
    from hypothesis import strategies as st

    words = st.sampled_from(WORDS) | st.binary(min_size=1, max_size=4)
    where = st.integers(0, 400) | st.integers(0, max(map(len, examples)))
    edits = st.lists(
        st.tuples(st.sampled_from(("put", "over", "over", "over", "cut", "twice", "end")), where, words), max_size=8
    )
    edited = st.builds(_edited, st.sampled_from(examples), edits)
    return st.integers(0, 9).flatmap(lambda drawn: st.binary(max_size=600) if drawn == 9 else edited)


def _edited(example: bytes, edits: Sequence[tuple[str, int, bytes]]) -> bytes:
    for what, at, word in edits:
        head, tail = example[:at], example[at:]
        width = len(word)
        if what == "put":
            example = head + word + tail
        elif what == "over":
            example = head + word + tail[width:]
        elif what == "cut":
            example = head + tail[8 * width :]
        elif what == "twice":
            example = head + tail[: 8 * width] + tail
        else:
            example = head
    return example
