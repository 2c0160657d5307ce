# SPDX-License-Identifier: GPL-3.0-or-later
"""The progress file never stands in the way of what it tells of."""

from __future__ import annotations

import json

from ansible_collections.hardening.alicloud.plugins.module_utils.progress import Progress


def test_a_file_that_can_not_be_written_is_given_up(tmp_path):
    """Without a word, and for good."""
    progress = Progress(str(tmp_path / "none" / "progress.json"))
    for step in (lambda: progress.begin(2), progress.done, lambda: progress.waiting(1, 2, "scan")):
        step()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_another_thread_gives_up_is_left_alone(tmp_path):
    """Also by a thread that waited for its turn meanwhile."""
    progress = Progress(str(tmp_path / "progress.json"))

    class Turn:
        def __enter__(self) -> None:
            progress._path = None

        def __exit__(self, *_error: object) -> None:
            """End the turn."""

    progress._lock = Turn()
    progress.done()
    assert list(tmp_path.iterdir()) == []


def test_the_file_says_how_far_it_is(tmp_path):
    """What is done, of how many, and the call last begun."""
    progress = Progress(str(tmp_path / "progress.json"))
    progress.waiting(1, 2, "scan")
    expected = {"done": 1, "total": 2, "call": "scan", "held_up": ""}
    assert json.loads((tmp_path / "progress.json").read_text(encoding="utf-8")) == expected
