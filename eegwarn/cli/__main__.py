"""The same by ``python -m eegwarn.cli``."""

import sys

from eegwarn.cli import main

sys.exit(main())
