"""Quantisers have the levels they promise, close to the weights, and the slope of the line through the steps."""

import pytest
import torch

from eegwarn.errors import ConfigError
from eegwarn.quantize.quantizers import Quantizer, new_quantizer

KINDS = [("dorefa", 1), ("dorefa", 2), ("dorefa", 4), ("dorefa", 8), ("bwn", 1), ("ternary", 2)]
SHAPES = [(6, 5, 1, 3), (12, 7)]


def weights(shape: tuple[int, ...], seed: int = 0) -> torch.Tensor:
    return 0.05 * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(("kind", "bits"), KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_there_are_as_many_levels_as_promised_evenly_spaced_about_zero(
    kind: str, bits: int, shape: tuple[int, ...]
) -> None:
    q = new_quantizer(kind, bits).quantize(weights(shape))  # type: ignore[arg-type]
    for row in (q,) if kind == "dorefa" else q:
        levels = row.unique()
        assert len(levels) <= (3 if kind == "ternary" else 2**bits)
        gap = 2 * row.abs().max() / (3 - 1 if kind == "ternary" else 2**bits - 1)
        steps = (levels - levels[0]) / gap
        torch.testing.assert_close(steps, steps.round(), rtol=0, atol=1e-9)
        torch.testing.assert_close(row.abs().max(), levels.abs().max())


def test_dorefa_is_the_equation_of_the_paper_but_for_its_scale() -> None:
    r = weights((40, 30))
    approached = torch.tanh(r) / (2 * torch.tanh(r).abs().max()) + 0.5
    code = 2 * torch.round(3 * approached) / 3 - 1
    q = new_quantizer("dorefa", 2).quantize(r)
    scale = (q / code).mean()
    torch.testing.assert_close(q, scale * code)
    # The least-squares fit: neither a larger nor a smaller scale is nearer to the weights.
    error = [((r - factor * q) ** 2).sum() for factor in (0.99, 1.0, 1.01)]
    assert error[1] < min(error[0], error[2])


def test_binary_weights_are_the_sign_times_the_mean_of_their_output() -> None:
    r = weights((6, 5, 1, 3))
    expected = torch.sign(r) * r.abs().mean(dim=(1, 2, 3), keepdim=True)
    torch.testing.assert_close(new_quantizer("bwn", 1).quantize(r), expected)


def test_one_bit_has_no_third_level_for_a_weight_of_zero() -> None:
    r = weights((4, 5))
    r[0, 0] = 0
    for kind in ("bwn", "dorefa"):
        assert new_quantizer(kind, 1).quantize(r).abs().min() > 0  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "bits"), KINDS)
def test_more_levels_are_nearer_to_the_weights(kind: str, bits: int) -> None:
    r = weights((30, 40))
    largest = {1: 0.65, 2: 0.60, 4: 0.15, 8: 0.015}[bits]
    error = torch.linalg.vector_norm(new_quantizer(kind, bits).quantize(r) - r) / torch.linalg.vector_norm(r)  # type: ignore[arg-type]
    assert error < largest


def test_the_slope_is_that_of_a_quantiser_with_many_levels() -> None:
    r, quantizer = weights((8, 9)), new_quantizer("dorefa", 8)
    _, slope = quantizer.approach(r)
    width = 0.01  # several levels, and still a nearly straight piece of tanh
    # The largest weight sets the range of all, which the slope leaves out of account: it stays where it is.
    largest = r.abs().argmax()
    moved = r + width * (torch.arange(r.numel()).view_as(r) != largest)
    risen = (quantizer.quantize(moved) - quantizer.quantize(r)) / width
    inner = (r.abs() < 0.5 * r.abs().max()) & (torch.arange(r.numel()).view_as(r) != largest)
    assert (risen[inner] - slope[inner]).abs().max() < 0.15


@pytest.mark.parametrize(("kind", "bits"), KINDS)
def test_a_layer_of_zeros_stays_finite(kind: str, bits: int) -> None:
    quantizer: Quantizer = new_quantizer(kind, bits)  # type: ignore[arg-type]
    r = torch.zeros(3, 4)
    assert all(torch.isfinite(each).all() for each in (quantizer.quantize(r), *quantizer.approach(r)))


@pytest.mark.parametrize(("kind", "bits"), [("bwn", 2), ("ternary", 1), ("dorefa", 0), ("dorefa", 3), ("dorefa", 9)])
def test_bits_that_a_quantiser_does_not_have_are_refused(kind: str, bits: int) -> None:
    with pytest.raises(ConfigError, match=f"but got {bits}"):
        new_quantizer(kind, bits)  # type: ignore[arg-type]
