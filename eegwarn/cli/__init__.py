"""The one front door: ``eegwarn COMMAND``.

Each command imports what it needs when it runs, so that help is quick and the bedside size needs no torch.
"""

from eegwarn.cli.entry import main

__all__ = ["main"]
