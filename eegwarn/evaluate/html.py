"""A report as one HTML file that needs nothing else and prints well."""

import html
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from eegwarn.evaluate.figures import reliability_diagram, warning_curve
from eegwarn.evaluate.patients import ScoredRecording
from eegwarn.evaluate.report import DISCLAIMER, Report
from eegwarn.evaluate.text import Row, context_rows, mean_rows, patient_rows
from eegwarn.whole_file import whole_file

MOST_CURVES = 40
"""Recordings that are drawn; those with seizures or alarms come first."""

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #111; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.notice { border-left: .3rem solid #D55E00; padding: .4rem .8rem; background: #f6f2ee; font-weight: 600; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .5rem 0; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid #ccc; text-align: right; }
th:first-child, td:first-child { text-align: left; } thead th { border-bottom: 2px solid #444; }
.plain td, .plain th { text-align: left; font-weight: normal; } .plain th { color: #444; }
.wide { overflow-x: auto; } .wide th, .wide td { padding: .2rem .5rem; }
figure { margin: 1rem 0; break-inside: avoid; } figcaption { font-weight: 600; }
svg { max-width: 100%; height: auto; } pre { background: #f4f4f4; padding: .8rem; overflow-x: auto; font-size: .85rem; }
@page { margin: 14mm; }
@media print {
  body { margin: 0; font-size: 9.5pt; }
  .wide { overflow: visible; font-size: 8pt; } .wide th, .wide td { padding: .1rem .25rem; }
  h2 { break-after: avoid; } pre { white-space: pre-wrap; }
}
"""


def write_report(
    path: Path,
    report: Report,
    recordings: Sequence[ScoredRecording],
    *,
    configuration: str,
    threshold: float | None = None,
    title: str = "Evaluation of a seizure warning model",
) -> None:
    """Write tables, warning curves and configuration as one self-contained HTML file, whole or not at all.

    Parameters
    ----------
    path : Path
        The file to write.
    report : Report
        Scores of ``recordings``.
    recordings : sequence of ScoredRecording
        Drawn one by one, at most ``MOST_CURVES`` of them.
    configuration : str
        TOML text, shown as it is.
    threshold : float, optional
        Of the alarm, drawn into the curves.
    title : str
        Heading.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    drawn = _worth_drawing(recordings)
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f'<p class="notice">{html.escape(DISCLAIMER)}</p>',
        _table(context_rows(report), plain=True),
        "<h2>Mean over patients</h2>",
        _table(mean_rows(report)),
        f"<ul>{''.join(f'<li>{html.escape(rule)}</li>' for rule in report.rules)}</ul>",
        "<h2>Patients</h2>",
        _table(patient_rows(report)),
        "<h2>Does the warning level mean what it says?</h2>",
        _reliability(recordings),
        "<h2>Recordings</h2>",
        *(_curve(one, threshold) for one in drawn),
        f"<p>Drawn: {len(drawn)} of {len(recordings)} recordings.</p>",
        "<h2>Configuration</h2>",
        f"<pre>{html.escape(configuration)}</pre>",
    ]
    document = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )
    with whole_file(path) as file:
        file.write(document.encode())


def _worth_drawing(recordings: Sequence[ScoredRecording]) -> list[ScoredRecording]:
    uneventful = [not (one.seizures or one.alarms) for one in recordings]
    first = np.argsort(uneventful, kind="stable")[:MOST_CURVES]
    return [recordings[index] for index in sorted(first)]


def _curve(recording: ScoredRecording, threshold: float | None) -> str:
    caption = html.escape(f"{recording.patient_id}, {recording.name}")
    return f"<figure><figcaption>{caption}</figcaption>{warning_curve(recording, threshold=threshold)}</figure>"


def _reliability(recordings: Sequence[ScoredRecording]) -> str:
    probability = np.concatenate([np.empty(0), *(one.probability for one in recordings)])
    label = np.concatenate([np.empty(0), *(one.label for one in recordings)])
    return (
        f"<figure>{reliability_diagram(probability, label)}"
        "<figcaption>Windows of all patients together; points below the line warn too loudly.</figcaption></figure>"
    )


def _table(rows: Sequence[Row], *, plain: bool = False) -> str:
    if plain:
        body = "".join(
            f'<tr><th scope="row">{html.escape(name)}</th>{_cells([value], "td")}</tr>' for name, value in rows
        )
        return f'<table class="plain">{body}</table>'
    header, *body_rows = rows
    body = "".join(f"<tr>{_cells(row, 'td')}</tr>" for row in body_rows)
    return f'<div class="wide"><table><thead><tr>{_cells(header, "th")}</tr></thead><tbody>{body}</tbody></table></div>'


def _cells(values: Sequence[str], tag: str) -> str:
    return "".join(f"<{tag}>{html.escape(value)}</{tag}>" for value in values)
