# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Text for a terminal: harmless, of a known width, wrapped, in columns."""

from __future__ import annotations

import re
import unicodedata
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP = "  "
NARROWEST = 10
PIECES = re.compile(r"[^\-/:,;@]*[\-/:,;@]+|[^\-/:,;@]+")


def harmless(text: str) -> str:
    r"""Put the text on one line, with all that could steer a terminal or hide text spelt out (\x1b, \u202e)."""
    return "".join(_spelt(character) for character in text)


def _spelt(character: str) -> str:
    if character in "\t\n\r":
        return " "
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return character.encode("unicode_escape").decode()
    return character


def width_of(text: str) -> int:
    """Columns that a terminal needs for the text; East Asian wide characters take two, combining ones none."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def shorten(text: str, width: int) -> str:
    """Cut the text to the width, with an ellipsis if it is longer."""
    return text if width_of(text) <= width else _split(text, width - 1)[0] + "…"


def _split(text: str, width: int) -> tuple[str, str]:
    """As much of the text as fits (one character at least), and the rest."""
    used = 0
    for place, character in enumerate(text):
        used += _columns(character)
        if used > width and place:
            return text[:place], text[place:]
    return text, ""


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most that width; a word that fits on no line is broken at the joints of names and ARNs."""
    lines = [""]
    for word in text.split():
        space = " " if lines[-1] else ""
        if width_of(word) <= width:
            if width_of(lines[-1] + space + word) <= width:
                lines[-1] += space + word
            else:
                lines.append(word)
        else:
            lines[-1:] = _fill(lines[-1] + space, word, width)
    return lines


def _fill(line: str, word: str, width: int) -> list[str]:
    """Pour a long word into the line and as many more as it needs."""
    lines = [line]
    for piece in PIECES.findall(word):
        rest = piece
        if width_of(lines[-1] + rest) > width and lines[-1].strip():
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        while width_of(rest) > width:
            head, rest = _split(rest, width)
            lines[-1:] = [head, ""]
        lines[-1] += rest
    return lines


def table(head: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[list[str]]:
    """Lay out the head, then each row, as lists of lines; columns share the width, the widest giving way first."""
    widths = _widths([head, *rows], width)
    rule = [GAP.join("-" * column for column in widths)]
    first, *others = (_row(row, widths) for row in (head, *rows))
    return [first + rule, *others]


def _widths(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    widths = [max(1, *(width_of(row[column]) for row in rows)) for column in range(len(rows[0]))]
    available = width - len(GAP) * (len(widths) - 1)
    while sum(widths) > available and max(widths) > NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return widths


def _row(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    columns = [wrap(cell, width) for cell, width in zip(cells, widths, strict=True)]
    return [
        GAP.join(line + " " * (width - width_of(line)) for line, width in zip(lines, widths, strict=True)).rstrip()
        for lines in zip_longest(*columns, fillvalue="")
    ]


def spoken(value: object) -> str:
    """Say a JSON value shortly, as a person would."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {spoken(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(spoken(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
