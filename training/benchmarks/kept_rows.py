"""Rows of results that are kept line by line, so that a benchmark of hours goes on where it was interrupted."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from pathlib import Path
from typing import Any

from eegwarn.bedside.scoring import Progress
from training.workers import worker_processes

Row = dict[str, Any]


def read_rows(kept: Path) -> list[Row]:
    """Read the rows of earlier runs; none where there was no run."""
    return [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []


def add_rows(
    kept: Path, work: Callable[..., list[Row]], tasks: Sequence[tuple[Any, ...]], *, n_rows: int, progress: Progress
) -> list[Row]:
    """Do tasks in as many processes as there are cores, and keep the rows of each as it ends.

    Parameters
    ----------
    kept : Path
        One JSON object a line; rows are added at its end.
    work : callable
        A function of a module, since it runs in other processes; takes the values of a task.
    tasks : sequence of tuple
        What is still to be done.
    n_rows : int
        How many rows there will be in all, those kept already included.
    progress : callable
        Told of the rows that there are.

    Returns
    -------
    list of dict
        All rows, earlier ones first.
    """
    rows = read_rows(kept)
    with worker_processes() as pool, kept.open("a") as file:
        running = [pool.submit(work, *task) for task in tasks]
        progress("rows", len(rows), n_rows)
        for done in as_completed(running):
            rows += done.result()
            file.writelines(json.dumps(row) + "\n" for row in done.result())
            file.flush()
            progress("rows", len(rows), n_rows)
    return rows
