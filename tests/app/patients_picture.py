"""Takes the picture of the patients page, once all recordings of a patient are scored.

It needs a folder with a model and a cohort that its training did not see::

    eegwarn simulate FOLDER/cohort --patients 2 --hours 40 --seed 21 --set seizures_per_hour=0.15 --set 'sfreqs=[200.0]'
    python -m tests.app.patients_picture FOLDER sim01 patients.png
"""

import os
import sys
import time
from pathlib import Path

from tests.app.looking import looked_at


def take_picture(folder: Path, patient: str, picture: Path, view: str = "Scores", scheme: str = "light") -> None:
    """Show a view of a patient of the folder."""
    with looked_at(folder, color_scheme=scheme) as (page, address):
        page.goto(f"{address}/patients?patient={patient}")
        page.locator(".st-key-score-patient button").first.click(timeout=60_000)
        page.get_by_text("false alarms a day").wait_for(timeout=300_000)
        page.get_by_text(view, exact=True).click()
        time.sleep(3)
        page.screenshot(path=picture)


if __name__ == "__main__":
    os.environ.pop("EEGWARN_STORE", None)
    take_picture(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), *sys.argv[4:])
