"""Where work on many recordings is done: in this process, or in those of a dask cluster.

A cluster is the user's own: ``dask scheduler`` on one machine and ``dask worker ADDRESS`` on each that shares the
folders. Who can reach a scheduler can run programs on its workers, and workers run what comes to them as pickles: keep
it inside a network that you trust, or let dask speak TLS (``dask:tls://...``).
"""

import logging
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, TypeVar

from eegwarn import __version__
from eegwarn.errors import EngineError

if TYPE_CHECKING:
    from distributed import Client

LOCAL = "local"
_DASK = "dask:"
_ANSWERS_S = 10.0
_WITHOUT_WORKERS_S = 60.0
"""A worker that died is started anew within seconds, where anything restarts it."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def checked_engine(engine: str) -> str:
    """Give back ``local`` or ``dask:ADDRESS``.

    Raises
    ------
    EngineError
        If it is neither.
    """
    if engine == LOCAL or (engine.startswith(_DASK) and len(engine) > len(_DASK)):
        return engine
    raise EngineError(
        f"The engine must be 'local' or 'dask:ADDRESS' with the address of a dask scheduler, such as "
        f"dask:tcp://127.0.0.1:8786, but got {engine!r}."
    )


def on_each(
    work: Callable[[Item], Result], items: Sequence[Item], *, engine: str = LOCAL, at_once: int = 1
) -> Iterator[Result]:
    """Do the same work on each item, and yield what comes of it in the items' order.

    A worker that is lost costs the time of what it was doing: others do it again. So the work may only write files that
    are whole or absent, and the same however often it is done.

    Parameters
    ----------
    work : callable
        A function of a module, or a `functools.partial` of one: it travels by its name. Its errors arrive here.
    items : sequence
        What it is given; small, since it travels too. Paths must mean the same file to every worker.
    engine : str
        ``local``, or ``dask:ADDRESS``.
    at_once : int
        How many of them side by side with ``local``, in threads; a cluster takes as many as its workers have threads.

    Raises
    ------
    EngineError
        If the cluster does not answer, has no worker, has another version of eegwarn, or loses all its workers.
    """
    if checked_engine(engine) == LOCAL and at_once == 1:
        yield from map(work, items)
        return
    if engine == LOCAL:
        from joblib import Parallel, delayed

        # Whoever interrupts knows that work is left.
        warnings.filterwarnings("ignore", "(?s).*successfully executed", UserWarning)
        parallel = Parallel(at_once, backend="threading", return_as="generator", pre_dispatch=at_once)
        yield from parallel(delayed(work)(item) for item in items)
        return
    with _cluster(engine.removeprefix(_DASK)) as client:
        # joblib's backend for dask would do the work in this process where the cluster has but one thread.
        waiting = deque(client.map(work, items, pure=False))
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def _cluster(address: str) -> Iterator["Client"]:
    """Connect to a scheduler whose workers can do the work, and leave it when they are gone."""
    from distributed import Client

    # It logs whole tracebacks of what is told in one line here.
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=_ANSWERS_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise EngineError(
            f"No dask scheduler answers at {address!r} within {_ANSWERS_S:g} s ({' '.join(str(error).split())[:120]}). "
            "Start one with 'dask scheduler' and workers with 'dask worker ADDRESS', or use --engine local."
        ) from error
    done, left = Event(), Event()
    with client:
        _check_workers(client, address)
        Thread(target=_leave_without_workers, args=(client, done, left), daemon=True).start()
        try:
            yield client
        except _lost() as error:
            said = " ".join(str(error).split())[:300] or type(error).__name__
            why = f"it had no worker for {_WITHOUT_WORKERS_S:g} s" if left.is_set() else said
            raise EngineError(
                f"The cluster at {address!r} could not end the work: {why}. Run the same command again to go on."
            ) from error
        finally:
            done.set()


def _check_workers(client: "Client", address: str) -> None:
    try:
        found = client.run(worker_version)
    except ModuleNotFoundError as error:
        raise EngineError(
            f"The workers of {address!r} lack {error.name!r}. Install eegwarn {__version__} in their environment."
        ) from error
    if not found:
        raise EngineError(f"The scheduler at {address!r} has no worker. Start some: dask worker {address}.")
    if others := sorted({version for version in found.values() if version != __version__}):
        raise EngineError(
            f"The workers of {address!r} have eegwarn {', '.join(others)} where this is {__version__}: results could "
            "differ. Install the same version everywhere."
        )


def worker_version() -> str:
    """Tell the version of eegwarn where this is run: a worker is asked."""
    return __version__


def _leave_without_workers(client: "Client", done: Event, left: Event) -> None:
    """Close the connection, which ends all waiting, when there has been no worker for a while; and tell it."""
    n_looks, between_s = 0, _WITHOUT_WORKERS_S / 12
    while not done.wait(between_s):
        try:
            n_looks = 0 if client.scheduler_info(n_workers=-1)["workers"] else n_looks + 1
        except Exception:  # noqa: BLE001 - a scheduler that is gone shows in many ways
            n_looks += 1
        if n_looks * between_s >= _WITHOUT_WORKERS_S:
            left.set()
            client.close()
            return


def _lost() -> tuple[type[Exception], ...]:
    from concurrent.futures import CancelledError

    from distributed import KilledWorker
    from distributed.client import FutureCancelledError
    from distributed.comm import CommClosedError

    return CancelledError, FutureCancelledError, CommClosedError, KilledWorker
