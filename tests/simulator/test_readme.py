# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator's README says what it can do, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path

import simulator
from simulator import services
from simulator.faults import EFFECTS
from simulator.policy import KEYS, OPERATORS

README = (Path(simulator.__file__).parent / "README.md").read_text(encoding="utf-8")


def test_the_action_table_is_the_registry():
    """Every action stands in the table with its kind and permission, and nothing else does."""
    rows = re.findall(r"^\| (\w+) \| (\w+) \| (read|write) \| (?:`([\w:-]+)`|–) \|$", README, re.MULTILINE)
    actions = [
        (product.name, action.name, "write" if action.writes else "read", action.permission or "")
        for product in services.registry().products.values()
        for action in product.actions.values()
    ]
    assert sorted(rows) == sorted(actions)


def test_every_effect_operator_and_key_is_explained():
    """The README names every fault effect and all that RAM conditions may hold."""
    for word in (*EFFECTS, *OPERATORS, *KEYS):
        assert f"`{word}`" in README
