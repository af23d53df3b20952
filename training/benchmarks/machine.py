"""The machine and the versions that figures were measured with."""

import os
import platform
from importlib.metadata import version


def machine_table(*packages: str) -> dict[str, str | int]:
    """Name the processor, its cores, Python, and the versions of packages."""
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count() or 0,
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }
