# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Numbers as the shapes of small drawings (SVG units), which the page's template puts into place."""

from __future__ import annotations

import math

STACK = ("critical", "high", "medium", "low", "unknown")
RUNS = 30  # the newest ones are drawn
STEP, BAR, HEIGHT = 20, 14, 96
WIDTH, PAD = 320, 8
# Security Center's own bands: 95 and more is secure, 70 and more has risks, below is high risk.
GOOD, FAIR = 95, 70


def stacked_bars(entries: list[dict]) -> dict | None:
    """Draw a bar a run, its parts on top of each other, the worst at the bottom; None for fewer than two runs."""
    shown = entries[-RUNS:]
    if len(shown) < 2:
        return None
    most = max(1, *(sum(entry[name] for name in STACK) for entry in shown))
    return {
        "width": STEP * len(shown),
        "height": HEIGHT,
        "bars": [_bar(place, entry, HEIGHT / most) for place, entry in enumerate(shown)],
        **_ends(shown),
        "told": _told(shown, [sum(entry[name] for name in STACK) for entry in shown]),
        "most": most,
    }


def _ends(shown: list[dict]) -> dict:
    """Say when the drawing begins and ends: days, or times if that is one day."""
    first, last = shown[0]["started"], shown[-1]["started"]
    part = slice(11, 16) if first[:10] == last[:10] else slice(10)
    return {"first": first[part], "last": last[part]}


def _told(shown: list[dict], values: list[float]) -> str:
    """Say what is drawn: days and values."""
    return ", ".join(f"{entry['started'][:10]} {value:g}" for entry, value in zip(shown, values, strict=True))


def _bar(place: int, entry: dict, unit: float) -> dict:
    parts, y = [], float(HEIGHT)
    for name in STACK:
        height = entry[name] * unit
        y -= height
        if height:
            parts.append({"kind": name, "y": round(y, 2), "height": round(height, 2)})
    return {"x": place * STEP, "width": BAR, "parts": parts, "entry": entry, "total": sum(entry[n] for n in STACK)}


def band(score: float) -> str:
    """Name the band that a score is in."""
    return "good" if score >= GOOD else "fair" if score >= FAIR else "poor"


def gauge(score: float) -> dict:
    """Say how much of a half circle of length 100 a score fills, and where the bands begin."""
    ticks = []
    for value in (FAIR, GOOD):
        turn = math.pi * (1 - value / 100)
        x, y = math.cos(turn), -math.sin(turn)
        ticks.append({name: round(v, 2) for name, v in _tick(x, y).items()})
    return {"fill": min(100, max(0, score)), "band": band(score), "ticks": ticks}


def _tick(x: float, y: float) -> dict:
    return {"x1": 100 + 80 * x, "y1": 100 + 80 * y, "x2": 100 + 96 * x, "y2": 100 + 96 * y}


def score_line(entries: list[dict]) -> dict | None:
    """Draw the scores as a line from 0 (or a bit below the lowest) to 100; None for fewer than two."""
    shown = entries[-RUNS:]
    if len(shown) < 2:
        return None
    low = max(0, min(entry["score"] for entry in shown) - 10)
    dots = [
        {
            "x": round(PAD + place * (WIDTH - 2 * PAD) / (len(shown) - 1), 2),
            "y": round(PAD + (100 - min(100, entry["score"])) * (HEIGHT - 2 * PAD) / (100 - low or 1), 2),
            "entry": entry,
        }
        for place, entry in enumerate(shown)
    ]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "points": " ".join(f"{dot['x']},{dot['y']}" for dot in dots),
        "dots": dots,
        **_ends(shown),
        "told": _told(shown, [entry["score"] for entry in shown]),
    }
