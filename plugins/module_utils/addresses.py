# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of internet addresses, IPv4 and IPv6 together, with the arithmetic of sets.

Both families lie on one line of numbers, IPv6 far behind IPv4, so that every operation is written once. A set is a
tuple of spans (first, last), sorted, apart from each other: 10,000 rules make one merge, not 10,000 network objects.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, summarize_address_range
from socket import AF_INET, AF_INET6, inet_pton

from .errors import OptionError

Span = tuple[int, int]

# The first number of IPv6. What lies between the families belongs to neither, so no span reaches from one to the other.
V6 = 1 << 33


class Addresses:
    """A set of addresses. Immutable; `|`, `-` and `&` as sets have them."""

    __slots__ = ("spans",)

    def __init__(self, spans: tuple[Span, ...] = ()):
        self.spans = spans

    @classmethod
    def of(cls, *texts: str) -> Addresses:
        """The addresses of CIDR blocks or single addresses; ValueError where a text is neither."""
        return cls((_span(texts[0]),)) if len(texts) == 1 else cls.merged(map(_span, texts))

    @classmethod
    def merged(cls, spans: Iterable[Span]) -> Addresses:
        """The set of everything in these spans, which may overlap and come in any order."""
        result: list[Span] = []
        for first, last in sorted(spans):
            if result and first <= result[-1][1] + 1:
                if last > result[-1][1]:
                    result[-1] = (result[-1][0], last)
            else:
                result.append((first, last))
        return cls(tuple(result))

    def __or__(self, other: Addresses) -> Addresses:
        return Addresses.merged((*self.spans, *other.spans))

    def __and__(self, other: Addresses) -> Addresses:
        return Addresses(tuple(_common(self.spans, other.spans)))

    def __sub__(self, other: Addresses) -> Addresses:
        return Addresses(tuple(_left(self.spans, other.spans))) if other.spans else self

    def __le__(self, other: Addresses) -> bool:
        return not self - other

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Addresses) and self.spans == other.spans

    def __hash__(self) -> int:
        return hash(self.spans)

    def __contains__(self, text: str) -> bool:
        place = _span(text)[0]
        index = bisect_right(self.spans, (place, 1 << 200)) - 1
        return index >= 0 and self.spans[index][1] >= place

    def __repr__(self) -> str:
        return f"Addresses.of({', '.join(map(repr, self.cidrs()))})"

    @property
    def v4(self) -> int:
        """How many IPv4 addresses it holds."""
        return sum(last - first + 1 for first, last in self.spans if first < V6)

    @property
    def v6(self) -> int:
        """How many IPv6 addresses it holds."""
        return sum(last - first + 1 for first, last in self.spans if first >= V6)

    def cidrs(self) -> list[str]:
        """The fewest CIDR blocks that make up the set, IPv4 first."""
        return [text for span in self.spans for text in _blocks(span)]


NOTHING = Addresses()


def of_option(option: str, texts: Iterable[str]) -> Addresses:
    """The addresses that an option of this name lists; OptionError for what is none."""
    try:
        return Addresses.of(*texts)
    except ValueError as error:
        raise OptionError(f"{option}: {error}.") from None


def is_v6(cidr: str) -> bool:
    """The block or address is one of IPv6."""
    return ":" in cidr


@lru_cache(maxsize=65536)
def _span(text: str) -> Span:
    """First and last number of a block; read by hand, since ip_network takes ten times as long."""
    address, slash, length = text.partition("/")
    family, bits, start = (AF_INET6, 128, V6) if is_v6(text) else (AF_INET, 32, 0)
    try:
        number = int.from_bytes(inet_pton(family, address), "big")
        size = bits - int(length) if slash else 0
    except (OSError, ValueError):
        size = -1
    if not 0 <= size <= bits:
        raise ValueError(f"{text!r} does not appear to be an IPv4 or IPv6 address or CIDR block")
    first = start + (number >> size << size)
    return first, first + (1 << size) - 1


def _blocks(span: Span) -> Iterator[str]:
    first, last = span
    ends = (IPv6Address(first - V6), IPv6Address(last - V6)) if first >= V6 else (IPv4Address(first), IPv4Address(last))
    return (str(network) for network in summarize_address_range(*ends))


def _common(ours: tuple[Span, ...], theirs: tuple[Span, ...]) -> Iterator[Span]:
    here = there = 0
    while here < len(ours) and there < len(theirs):
        first, last = max(ours[here][0], theirs[there][0]), min(ours[here][1], theirs[there][1])
        if first <= last:
            yield first, last
        if ours[here][1] < theirs[there][1]:
            here += 1
        else:
            there += 1


def _left(ours: tuple[Span, ...], theirs: tuple[Span, ...]) -> Iterator[Span]:
    there = 0
    for first, last in ours:
        while there < len(theirs) and theirs[there][1] < first:
            there += 1
        place = there
        while place < len(theirs) and theirs[place][0] <= last:
            if theirs[place][0] > first:
                yield first, theirs[place][0] - 1
            first = max(first, theirs[place][1] + 1)  # noqa: PLW2901 - what is left of this span
            place += 1
        if first <= last:
            yield first, last
