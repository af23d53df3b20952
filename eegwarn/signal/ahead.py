"""Making the next things while those before are used."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Made = TypeVar("Made")


def made_ahead(things: Iterator[Made]) -> Iterator[Made]:
    """Let a second thread make the next two things while this one uses those before; errors arrive in their turn."""
    none_left = object()
    with ThreadPoolExecutor(max_workers=1) as maker:
        waiting = deque(maker.submit(next, things, none_left) for _ in range(2))
        while (made := waiting.popleft().result()) is not none_left:
            waiting.append(maker.submit(next, things, none_left))
            yield made  # type: ignore[misc]
