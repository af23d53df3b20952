"""Takes the picture of the models page: a retrained model against the one that it was retrained from.

It needs the demo's files (``eegwarn demo --no-app``), and models that were made from its model: labels of its training
patients in ``store.db`` there, ``eegwarn retrain`` and ``eegwarn quantize`` with a few ``--bits``::

    python -m tests.app.models_picture eegwarn-demo model-2.eegwarn models.png
"""

import os
import sys
import time
from pathlib import Path

from tests.app.looking import looked_at


def take_picture(folder: Path, model: str, picture: Path, view: str = "Old against new", scheme: str = "light") -> None:
    """Show a view of a model of the folder."""
    with looked_at(folder, color_scheme=scheme) as (page, address):
        page.goto(f"{address}/models?name=anna&model={model}")
        page.get_by_text(view, exact=True).click(timeout=60_000)
        time.sleep(3)
        page.screenshot(path=picture)


if __name__ == "__main__":
    os.environ.pop("EEGWARN_STORE", None)
    take_picture(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), *sys.argv[4:])
