# SPDX-License-Identifier: GPL-3.0-or-later
"""What a recorded change says of the moment before it, and what it leaves untold. Pure.

A change is undone on the network as it was right after it. Where the event does not tell what was before, two things
help: what earlier events of the same window tell (they are gone through first, the oldest first, by a Memory), and else
nothing. Then what the change touched is not known for the time before: it is taken out of the network, which leaves a
gap there that names the event. It is never taken for closed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from .errors import Unread
from .exposure import Rule
from .network import Gap, Network, Thing
from .trail import Event

T = TypeVar("T")
UNSAID = "NotSaid"


@dataclass(frozen=True)
class Kind:
    """One action of one product that bears on who reaches a server.

    what: a plain sentence about the event, without subject and full stop; '' where it changed nothing that matters.
    undo: the network before, from that after. learn: what earlier events tell of the moment before, or None; it notes
    what this one tells of the moment after. arn: product, kind and parameters of the resource that it changed.
    """

    what: Callable[[Event], str]
    undo: Callable[[Network, Event], Network]
    arn: tuple[str, str, tuple[str, ...]]
    learn: Callable[[Memory, Event], object] = lambda _memory, _event: None

    def resource_id(self, event: Event) -> str:
        """What was changed."""
        several = (one for name in self.arn[2] for one in event.texts(name))
        return event.text(*self.arn[2]) or next(several, "")

    def resource(self, event: Event, account: str) -> str:
        """The ARN of what was changed."""
        return f"acs:{self.arn[0]}:{event.region}:{account}:{self.arn[1]}/{self.resource_id(event)}"


@dataclass(frozen=True)
class Facts:
    """What is known of a group's rules, by identity: those that are there for sure, and those that are not.

    whole: no others are there. recent: what another event added so shortly before that times do not tell them apart.
    """

    present: Mapping[tuple, Rule] = field(default_factory=dict)
    absent: frozenset[tuple] = frozenset()
    whole: bool = False
    recent: frozenset[tuple] = frozenset()


class Memory:
    """What the events so far tell of the network, the oldest first. primary: each server's primary interface.

    added: when a rule was last added to a group, by the group's id and the rule's identity. keeping: servers that were
    stopped in a way that keeps their public address.
    """

    def __init__(self, network: Network):
        self.primary = {one.server: one.id for one in network.interfaces.values() if one.primary}
        self.rules: dict[str, Facts] = {}
        self.added: dict[tuple[str, tuple], datetime] = {}
        self.groups: dict[str, tuple[str, ...]] = {}
        self.keeping: set[str] = set()
        self.things: dict[tuple[type, str], Thing] = {}

    def recall(self, kind: type[T], name: str) -> T | None:
        """The thing as the events so far leave it, if they tell all of it."""
        return self.things.get((kind, name))

    def note(self, thing: Thing) -> None:
        """It is like this now."""
        self.things[type(thing), thing.id] = thing

    def forget(self, kind: type, name: str) -> object:
        """It is gone, or no longer as it was; gives what it was."""
        return self.things.pop((kind, name), None)

    def change(self, kind: type, name: str, **fields: object) -> object:
        """It has changed in these fields; gives what it was before."""
        before = self.recall(kind, name)
        if before is not None:
            self.note(replace(before, **fields))
        return before

    def holder(self, event: Event) -> str:
        """The interface whose groups a call by instance or by interface is about."""
        server = event.text("InstanceId")
        return event.text("NetworkInterfaceId") or self.primary.get(server, server)


def hide(network: Network, event: Event, kind: str, why: str, what: str = "") -> Network:
    """The network with a gap for what the event does not tell; once for each thing, as the latest event has it."""
    if any((gap.kind, gap.region, gap.what) == (kind, event.region, what) for gap in network.gaps):
        return network
    gap = Gap(kind, event.region, Unread(event.name, UNSAID, why, event.id), what)
    return replace(network, gaps=(*network.gaps, gap))


def reveal(network: Network, kind: str, what: str) -> Network:
    """The network without the gap that an event left for this thing."""
    kept = tuple(gap for gap in network.gaps if (gap.kind, gap.what, gap.unread.code) != (kind, what, UNSAID))
    return network if len(kept) == len(network.gaps) else replace(network, gaps=kept)


def hides(kind: str, why: str) -> Callable[[Network, Event], Network]:
    """An undo that can only say what is not known before."""
    return lambda network, event: hide(network, event, kind, why)


def say(sentence: str) -> Callable[[Event], str]:
    """A sentence with parameters of the event in it, as $Name."""
    return lambda event: re.sub(r"\$(\w+)", lambda found: event.text(found[1]) or "(unsaid)", sentence)


def listed(names: tuple[str, ...] | list[str], most: int = 5) -> str:
    """Names in a sentence, not all of them if they are many."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{rest}"
