# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What drawings of the page are made of: values in SVG units that its template only prints. No I/O.

A text is as wide as its class makes it at most; so a layout can tell beforehand what fits where.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from .report_text import harmless, shorten, width_of

if TYPE_CHECKING:
    from collections.abc import Iterable

# Class of a text to its font size and to the width of a column (half of an East Asian character) in that size. What
# comes from elsewhere stands in name, told and said, which are of a fixed width; the others are for our own words.
FONTS = {
    "name": (12.0, 0.61),
    "told": (10.5, 0.61),
    "said": (11.5, 0.61),
    "word": (11.0, 0.57),
    "loud": (10.0, 0.74),
    "tick": (10.5, 0.61),
}
FIXED = ("name", "told", "said")
# Beside ASCII and East Asian characters, what a font of a fixed width has for sure.
PLAIN = frozenset("…×→—–·")


@dataclass(frozen=True)
class Text:
    """A line of text that begins, or with anchor end or middle ends or is centred, at x on the base line y.

    full: what it was before it was cut, '' if it was not.
    """

    x: float
    y: float
    text: str
    kind: str = "word"
    tone: str = ""
    anchor: str = "start"
    full: str = ""

    @property
    def left(self) -> float:
        """Where it begins at the earliest."""
        return self.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor] * width(self.text, self.kind)

    @property
    def right(self) -> float:
        """Where it ends at the latest."""
        return self.left + width(self.text, self.kind)

    @property
    def squeezed(self) -> float | None:
        """The width to force it into, where its characters may be wider than those of its font; else None."""
        strange = self.kind in FIXED and any(not _is_plain(character) for character in self.text)
        return round(width(self.text, self.kind), 1) if strange else None

    @property
    def height(self) -> float:
        """How high a line of it is."""
        return FONTS[self.kind][0]


@dataclass(frozen=True)
class Box:
    """A rectangle; kind and tone are its classes, title what a pointer that rests on it is told."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    tone: str = ""
    title: str = ""


@dataclass(frozen=True)
class Line:
    """A straight line; kind is its class."""

    x1: float
    y1: float
    x2: float
    y2: float
    kind: str


@dataclass(frozen=True)
class Mark:
    """A small sign around a point: its shape by name, as SHAPES has it."""

    x: float
    y: float
    shape: str
    tone: str = ""
    title: str = ""


@dataclass(frozen=True)
class Part:
    """Some of a picture."""

    boxes: tuple[Box, ...] = ()
    lines: tuple[Line, ...] = ()
    marks: tuple[Mark, ...] = ()
    texts: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Drawing:
    """All of a picture, to be printed in this order: boxes, lines, marks, texts."""

    width: float
    height: float
    boxes: tuple[Box, ...] = ()
    lines: tuple[Line, ...] = ()
    marks: tuple[Mark, ...] = ()
    texts: tuple[Text, ...] = ()

    @classmethod
    def of(cls, width: float, height: float, parts: Iterable[Part]) -> Drawing:
        """Put the parts together."""
        parts = list(parts)
        kinds = ("boxes", "lines", "marks", "texts")
        return cls(width, height, *(tuple(one for part in parts for one in getattr(part, kind)) for kind in kinds))


# Each in a square of 14 around the middle.
SHAPES = {
    "passes": "M-4 0.5 -1.2 3.5 4-3",
    "stops": "M-3.5-3.5 3.5 3.5M3.5-3.5-3.5 3.5",
    "unsure": "M-2.6-1.6C-2.6-4.6 2.6-4.6 2.6-1.6 2.6 0.2 0 0 0 2M0 4.4V4.6",
    "right": "M-5-5 3 0-5 5Z",
    "down": "M-5-5 0 3 5-5Z",
    "barrier-right": "M0-15V15",
    "barrier-down": "M-11 0H11",
    "change": "M0-7 7 0 0 7-7 0Z",
    "attack": "M-7-6H7L0 7Z",
    "alert": "M0-7 7 6H-7Z",
    "accepted": "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0Z",
    "login": "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0ZM-3.5 3.5 3.5-3.5",
    "probe": "M-5.5-5.5H5.5V5.5H-5.5Z",
    "opening": "M-7-4H7V4H-7Z",
    "address": "M-7-2.5H7V2.5H-7Z",
    "other": "M-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0Z",
    "break": "M-4 9-1-9M1 9 4-9",
}


def _is_plain(character: str) -> bool:
    return character.isascii() or character in PLAIN or east_asian_width(character) in "WF"


def width(text: str, kind: str) -> float:
    """How wide a text of this class is at most."""
    size, column = FONTS[kind]
    return width_of(text) * size * column


def fit(text: str, room: float, kind: str) -> str:
    """Cut a text to the room, at its end; a name in its middle, since its end tells it from others."""
    size, column = FONTS[kind]
    columns = max(1, int(room / (size * column)))
    said = harmless(text)
    if kind != "name" or width_of(said) <= columns:
        return shorten(said, columns)
    tail = said[len(said) - columns // 2 :]
    while width_of(tail) > columns // 2:
        tail = tail[1:]
    return shorten(said, columns - width_of(tail)) + tail


def written(
    x: float, y: float, text: str, room: float, kind: str = "word", tone: str = "", anchor: str = "start"
) -> Text:
    """A text that is cut to the room, with all of it in full if it had to be."""
    said = fit(text, room, kind)
    return Text(round(x, 1), round(y, 1), said, kind, tone, anchor, "" if said == harmless(text) else text)
