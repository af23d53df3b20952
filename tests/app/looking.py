"""A real browser at a real dashboard, for those who take pictures."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from training.benchmarks.browser import open_chromium, running_dashboard


@contextmanager
def looked_at(folder: Path, **options: Any) -> Iterator[tuple[Any, str]]:
    """Give a page of a browser, 1280 x 720 pixels, and the address of a dashboard on a folder that it may open."""
    with running_dashboard(folder) as (_, address), open_chromium() as chromium:
        yield chromium.new_page(viewport={"width": 1280, "height": 720}, **options), address
