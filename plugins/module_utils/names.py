# SPDX-License-Identifier: GPL-3.0-or-later
"""Choosing resources by shell patterns: `web-*` takes in, `!web-test-*` leaves out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import TypeVar

T = TypeVar("T")


def pick(
    patterns: Sequence[str], items: Iterable[T], names: Callable[[T], tuple[str, ...]]
) -> tuple[list[T], list[str]]:
    """The items that a pattern takes in and none leaves out, and the taking patterns that fit no item.

    names gives what an item is called (its id, its name): a pattern fits an item when it fits any of them.
    """
    takes = [pattern for pattern in patterns if not pattern.startswith("!")] or ["*"]
    leaves = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    chosen, used = [], set()
    for item in items:
        fitting = [pattern for pattern in takes if _fits(pattern, names(item))]
        used.update(fitting)
        if fitting and not any(_fits(pattern, names(item)) for pattern in leaves):
            chosen.append(item)
    return chosen, [pattern for pattern in takes if pattern not in used and pattern != "*"]


def _fits(pattern: str, names: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names)
