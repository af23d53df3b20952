"""Processes that share work which one core alone would do in hours."""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context


def worker_processes() -> ProcessPoolExecutor:
    """Start as many processes as there are cores; they are gone when the ``with`` block that they are given to ends."""
    # A worker that was forked would share torch's threads with its parent and hang.
    return ProcessPoolExecutor(max_workers=os.cpu_count(), mp_context=get_context("spawn"))
