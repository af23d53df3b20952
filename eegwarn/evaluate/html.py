"""A report as one HTML file that needs nothing else and prints well."""

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eegwarn.evaluate import figures
from eegwarn.evaluate.figures.diary import MOST_ROWS, diary_rows
from eegwarn.evaluate.figures.seizures import find_seizures
from eegwarn.evaluate.report import DISCLAIMER, Report
from eegwarn.evaluate.scored import ScoredRecording
from eegwarn.evaluate.text import Row, context_rows, mean_rows, patient_rows, skill_rows
from eegwarn.whole_file import whole_file

MOST_CURVES = 24
"""Recordings that are drawn; those with seizures or alarms come first."""
MOST_PANELS = 96
"""Seizures that are drawn."""

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #111; background: #fff; max-width: 72rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.notice { border-left: .3rem solid #D55E00; padding: .4rem .8rem; background: #f6f2ee; font-weight: 600; }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin: .8rem 0; } a { color: #00507d; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .5rem 0; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid #ccc; text-align: right; }
th:first-child, td:first-child { text-align: left; } thead th { border-bottom: 2px solid #444; }
.plain td, .plain th { text-align: left; font-weight: normal; vertical-align: top; } .plain th { color: #444; }
.wide { overflow-x: auto; } .wide th, .wide td { padding: .2rem .5rem; }
figure { margin: 1rem 0; break-inside: avoid; } .full svg { width: 100%; } figcaption { font-weight: 600; }
.beside figcaption { max-width: 30rem; }
.beside { display: flex; flex-wrap: wrap; gap: 0 2rem; }
svg { max-width: 100%; height: auto; } pre { background: #f4f4f4; padding: .8rem; overflow-x: auto; font-size: .85rem; }
@page { margin: 14mm; }
@media print {
  body { margin: 0; padding: 0; font-size: 9.5pt; max-width: none; } nav { display: none; }
  .wide { overflow: visible; font-size: 8pt; } .wide th, .wide td { padding: .1rem .25rem; }
  h2, figcaption { break-after: avoid; } tr { break-inside: avoid; } pre { white-space: pre-wrap; }
}
"""


def write_report(
    path: Path,
    report: Report,
    recordings: Sequence[ScoredRecording],
    *,
    configuration: str,
    threshold: float | None = None,
    record: Mapping[str, Any] | None = None,
    title: str = "Evaluation of a seizure warning model",
) -> None:
    """Write tables, figures and configuration as one self-contained HTML file, whole or not at all.

    Parameters
    ----------
    path : Path
        The file to write.
    report : Report
        Scores of ``recordings``.
    recordings : sequence of ScoredRecording
        Drawn as far as ``MOST_CURVES`` and ``MOST_PANELS`` allow.
    configuration : str
        TOML text, shown as it is.
    threshold : float, optional
        Of the alarm, drawn into the curves.
    record : mapping, optional
        The model's training record: ``training.history`` and ``labels.onsets`` are drawn where they are there.
    title : str
        Heading.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    sections = {
        "Scores": _scores(report),
        "Patients": _table(patient_rows(report)),
        "Better than chance?": _skill(report),
        "Around each seizure": _around(report, recordings, threshold),
        "How early, and at what cost": _timing(report),
        "Does the warning level mean what it says?": _reliability(recordings),
        "Seizure diary": _diary(recordings),
        "Recordings": _curves(recordings, threshold),
        "Training": _training(record or {}),
        "Configuration": f"<pre>{html.escape(configuration)}</pre>",
    }
    sections = {name: content for name, content in sections.items() if content}
    links = "".join(f'<a href="#{_anchor(name)}">{html.escape(name)}</a>' for name in sections)
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f'<p class="notice">{html.escape(DISCLAIMER)}</p>',
        _table(context_rows(report), plain=True),
        f"<nav>{links}</nav>",
        *(f'<h2 id="{_anchor(name)}">{html.escape(name)}</h2>\n{content}' for name, content in sections.items()),
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


def _anchor(name: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in name.lower()).split())


def _scores(report: Report) -> str:
    rules = "".join(f"<li>{html.escape(rule)}</li>" for rule in report.rules)
    return f"{_table(mean_rows(report))}<ul>{rules}</ul>"


def _skill(report: Report) -> str:
    if report.skill is None:
        return ""
    return _table(skill_rows(report))


def _around(report: Report, recordings: Sequence[ScoredRecording], threshold: float | None) -> str:
    horizon_s = _horizon_s(report)
    seizures = find_seizures(recordings, horizon_s=horizon_s)
    if not seizures:
        return ""
    drawn = seizures[:MOST_PANELS]
    pictures = figures.seizure_panels(drawn, horizon_s=horizon_s, threshold=threshold)
    legend = (
        "Blue: smoothed warning level. Orange: the seizure as marked, its onset at 0. Red triangle and bar: an alarm "
        "while it lasts. Dashed: threshold. A level too high for its panel is cut off. Hatched: could not be judged. "
        "Heading: patient, time of the onset in the recording, first alarm. "
        f"Drawn: {len(drawn)} of {len(seizures)} seizures."
    )
    return f"<p>{html.escape(legend)}</p>" + "\n".join(_figure(picture, full=True) for picture in pictures)


def _timing(report: Report) -> str:
    time_s = np.concatenate([patient.warning_times_s for patient in report.patients])
    if not time_s.size:
        return ""
    n_warned, n_early = int(np.isfinite(time_s).sum()), int(np.sum(time_s > 0))
    early = _figure(
        figures.warning_times(time_s, horizon_s=_horizon_s(report)),
        f"First alarm of each seizure: {n_warned} of {time_s.size} had one, {n_early} before the onset.",
    )
    if report.sweep is None:
        return early
    counts = "said to be due" if report.rule else "within 30 s after or 60 s before an alarm"
    swept = _figure(
        figures.sensitivity_curve(report.sweep),
        f"Every threshold: {report.sweep.n_seizures} seizures against the share of time in which one was {counts}. "
        "Solid: one threshold for all patients; dotted: each patient's own. Grey: the same seizures at other times.",
    )
    return f'<div class="beside">{early}{swept}</div>'


def _reliability(recordings: Sequence[ScoredRecording]) -> str:
    probability = np.concatenate([np.empty(0), *(one.probability for one in recordings)])
    label = np.concatenate([np.empty(0), *(one.label for one in recordings)])
    caption = "Windows of all patients together; points below the line warn too loudly, those above too softly."
    return _figure(figures.reliability_diagram(probability, label), caption)


def _diary(recordings: Sequence[ScoredRecording]) -> str:
    rows = diary_rows(recordings)
    drawn = _figure(
        figures.seizure_diary(rows[:MOST_ROWS]),
        "Grey: recorded. Day 1 is that of the patient's first recording.",
        full=True,
    )
    return drawn if len(rows) <= MOST_ROWS else f"{drawn}<p>Drawn: the first {MOST_ROWS} of {len(rows)} rows.</p>"


def _curves(recordings: Sequence[ScoredRecording], threshold: float | None) -> str:
    uneventful = [not (one.seizures or one.alarms) for one in recordings]
    first = np.argsort(uneventful, kind="stable")[:MOST_CURVES]
    drawn = [recordings[index] for index in sorted(first)]
    pictures = [
        _figure(figures.warning_curve(one, threshold=threshold), f"{one.patient_id}, {one.name}", full=True)
        for one in drawn
    ]
    return "\n".join([*pictures, f"<p>Drawn: {len(drawn)} of {len(recordings)} recordings.</p>"])


def _training(record: Mapping[str, Any]) -> str:
    curves = figures.learning_curves(_rows(record, "training", "history"))
    shifts = figures.mark_shifts(_rows(record, "labels", "onsets"))
    parts = [_figure(curves, full=True)] if curves else []
    if shifts:
        text = "Where label correction put the onset of each mark, with its 90 % interval"
        parts.append(_figure(shifts, text, full=True))
    return "\n".join(parts)


def _rows(record: Mapping[str, Any], part: str, name: str) -> list[Mapping[str, Any]]:
    """Read a list of tables; a model's record may lack it, or hold anything else in its place."""
    table = record.get(part)
    rows = table.get(name) if isinstance(table, Mapping) else None
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, Sequence) else []


def _horizon_s(report: Report) -> float:
    return report.rule.sph_s + report.rule.sop_s if report.rule else 0.0


def _figure(svg: str, caption: str = "", *, full: bool = False) -> str:
    """Put a picture into the page; a full one is as wide as the page, under its caption."""
    text = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f'<figure class="full">{text}{svg}</figure>' if full else f"<figure>{svg}{text}</figure>"


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
