# SPDX-License-Identifier: GPL-3.0-or-later
"""A way through a network as the gates on it, in the order in which a packet meets them. Pure.

Every gate lets some sources by for sure, and some others perhaps, where something could not be read or is documented
nowhere. What gets by all of them for sure is reachable; what no gate certainly stops is at least not known to be safe.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .addresses import NOTHING, Addresses, is_v6
from .exposure import PUBLIC, Sources

REACHABLE, NOT_REACHABLE, UNKNOWN = "reachable", "not_reachable", "unknown"
# The public addresses of each family: a connection to an address comes from one of its own family.
PUBLIC_4, PUBLIC_6 = PUBLIC & Addresses.of("0.0.0.0/0"), PUBLIC & Addresses.of("::/0")


def public(address: str) -> Addresses:
    """Everybody on the internet who can send a packet to this address."""
    return PUBLIC_6 if is_v6(address) else PUBLIC_4


def shown(sources: Addresses) -> list[str]:
    """The public ones of these as CIDR texts; all of a family are `0.0.0.0/0` or `::/0`."""
    texts = []
    for everybody, block in ((PUBLIC_4, "0.0.0.0/0"), (PUBLIC_6, "::/0")):
        found = sources & everybody
        texts += [block] if found == everybody else found.cidrs()
    return texts


def words(sources: Addresses, most: int = 5) -> str:
    """The public ones of these for a sentence, not all of them if they are many."""
    texts = shown(sources)
    rest = f" and {len(texts) - most} more blocks" if len(texts) > most else ""
    return f"{', '.join(texts[:most])}{rest}" if texts else "nobody on the internet"


@dataclass(frozen=True)
class Gate:
    """One gate. kind: address, listener, acl, balancer_groups, forward, protocol, security_groups or instance.

    name: the thing's id. lets: True for everybody, False for nobody, None where that is not known, or whom. text: one
    sentence without its full stop.
    """

    kind: str
    name: str
    text: str
    lets: bool | Sources | None = True

    def passed(self, arrived: Sources) -> Sources:
        """Of the sources that arrive, those that get by."""
        if isinstance(self.lets, Sources):
            return Sources(arrived.sure & self.lets.sure, arrived.possible & self.lets.possible)
        if self.lets is None:
            return Sources(NOTHING, arrived.possible)
        return arrived if self.lets else Sources()

    def allows(self, arrived: Sources) -> bool | None:
        """Whether any of those that arrive get by; None where that is not known."""
        passed = self.passed(Sources(arrived.sure or arrived.possible, arrived.possible))
        return True if passed.sure else None if passed.possible else False


@dataclass(frozen=True)
class Path:
    """One way from the internet to a server's port: by this public address and port, through these gates.

    kind: public_ip, eip, clb, nlb, alb, dnat or ipv6. address: '' where it could not be read.
    """

    kind: str
    server: str
    address: str
    port: int
    gates: tuple[Gate, ...]
    evidence: tuple[str, ...] = field(default=())

    @property
    def sources(self) -> Sources:
        """The public sources that get through."""
        arrived = Sources(public(self.address), public(self.address))
        for gate in self.gates:
            arrived = gate.passed(arrived)
        return arrived

    @property
    def verdict(self) -> str:
        """Whether anybody on the internet gets through."""
        return verdict(self.sources)

    def _walk(self) -> Iterable[tuple[Gate, bool | None]]:
        """The gates, each with what it does to those that arrive; behind one that stops all, as if it did not."""
        arrived = everybody = Sources(public(self.address), public(self.address))
        for gate in self.gates:
            yield gate, gate.allows(arrived)
            passed = gate.passed(arrived)
            arrived = passed if passed.possible else everybody

    def as_dict(self) -> dict:
        """The path as results show it."""
        sources = self.sources
        return {
            "kind": self.kind,
            "address": self.address,
            "port": self.port,
            "verdict": verdict(sources),
            "sources": shown(sources.sure),
            "possible_sources": shown(sources.possible),
            "evidence": list(self.evidence),
            "gates": [_gate(gate, allows, public(self.address)) for gate, allows in self._walk()],
        }


def _gate(gate: Gate, allows: bool | None, everybody: Addresses) -> dict:
    known = gate.lets if isinstance(gate.lets, Sources) else None
    return {
        "kind": gate.kind,
        "name": gate.name,
        "allows": allows,
        "sources": shown(known.sure & everybody) if known else None,
        "possible_sources": shown(known.possible & everybody) if known else None,
        "text": gate.text,
    }


def verdict(sources: Sources) -> str:
    """What it means that these get through."""
    return REACHABLE if sources.sure else UNKNOWN if sources.possible else NOT_REACHABLE
