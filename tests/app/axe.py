"""The accessibility rules of axe-core, run in a page of the browser."""

import json
from pathlib import Path
from typing import Any

import axe_playwright_python

_AXE = Path(axe_playwright_python.__path__[0]) / "axe.min.js"
_BAD = ("serious", "critical")


def faults_of(page: Any) -> list[str]:
    """Give what axe finds serious or critical on a page: the rule, where, and what is wrong."""
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(_AXE.read_text(encoding="utf-8"))
    found = json.loads(page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(JSON.stringify)"))
    return [
        f"{rule['id']} ({rule['impact']}) at {node['target']}: {node['failureSummary']} {node['html'][:200]}"
        for rule in found["violations"]
        if rule["impact"] in _BAD
        for node in rule["nodes"]
    ]
