"""Paper and colours of all figures."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

# Okabe and Ito's colours, told apart with any kind of colour vision; markers and hatching say the same without colour.
BLUE, ORANGE, VERMILION, GREY = "#0072B2", "#E69F00", "#D55E00", "#8A8A8A"
_STYLE: Any = {"svg.fonttype": "none", "svg.hashsalt": "eegwarn", "font.family": "sans-serif", "font.size": 9}


class Sheet:
    """A figure being drawn; ``axes`` of shape (n_rows, n_columns), ``svg`` once it is done."""

    def __init__(self, axes: NDArray[Any]) -> None:
        self.axes = axes
        self.svg = ""

    @property
    def only(self) -> Axes:
        """The first axes, for figures that have one."""
        first: Axes = self.axes.flat[0]
        return first


@contextmanager
def sheet(
    width_in: float,
    height_in: float,
    *,
    n_rows: int = 1,
    n_columns: int = 1,
    left_in: float = 0.75,
    top_in: float = 0.3,
    **subplots: Any,
) -> Iterator[Sheet]:
    """Draw a figure: what is drawn inside is in ``svg`` afterwards.

    Parameters
    ----------
    width_in, height_in : float
        Size in inches.
    n_rows, n_columns : int
        Axes.
    left_in, top_in : float
        Margins for labels and for what stands above. They are given, since matplotlib takes longer to find them than
        to draw all the rest.
    **subplots
        As for matplotlib's ``Figure.subplots``.
    """
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width_in, height_in))
        margins = {"left": left_in / width_in, "right": 1 - 0.15 / width_in, "bottom": 0.5 / height_in}
        figure.subplots_adjust(**margins, top=1 - top_in / height_in)
        drawn = Sheet(np.asarray(figure.subplots(n_rows, n_columns, squeeze=False, **subplots)))
        for axes in drawn.axes.flat:
            axes.spines[["top", "right"]].set_visible(False)
        yield drawn
        svg = io.StringIO()
        figure.savefig(svg, format="svg", metadata={"Date": None})
    text = svg.getvalue()
    drawn.svg = text[text.index("<svg") :]


def legend_above(axes: Axes, n_columns: int) -> None:
    """Put the legend above the axes, where it hides nothing."""
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=n_columns, frameon=False)
