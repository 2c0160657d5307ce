# SPDX-License-Identifier: GPL-3.0-or-later
"""Why Security Center shows an attack on SSH: eight explanations, weighed against what was read. Pure.

They are those that an investigator goes through when a row says "blocked" and sshd has no line of it. Nothing is
confirmed or ruled out unless the data that decides it was read completely and holds for that time; else it is likely or
unlikely at most. What counts is what was read, never what was not: taking something away makes nothing more certain.

Facts: Security Center's documentation of attack awareness (its rows come from Security Center, the platform and WAF)
and of brute-force protection (by default 80 failures within 10 minutes). UNCONFIRMED: whether rows also speak of
addresses of load balancers, which circumstances suggest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from .case import NOT_REACHABLE, OWN, REACHABLE, UNKNOWN, Case
from .case_words import interval, logged, named, spoken, tries, way, zone
from .clues import Log, Opening, Path
from .moments import shown

CONFIRMED, LIKELY, POSSIBLE, UNDECIDED, UNLIKELY, RULED_OUT = (
    "confirmed",
    "likely",
    "possible",
    "undecided",
    "unlikely",
    "ruled_out",
)
STANDINGS = (CONFIRMED, LIKELY, POSSIBLE, UNDECIDED, UNLIKELY, RULED_OUT)
# Failures within ten minutes after which Security Center's default rule blocks a source on the servers themselves.
DEFAULT_RULE = 80
ROTATED = re.compile(r"(\.\d+|-\d{8}|\.gz|\.xz|\.bz2|\.zst)+$|[@~]")


@dataclass(frozen=True)
class Hypothesis:
    """One explanation: how it stands, what speaks for and against it, and what would decide it."""

    id: str
    name: str
    title: str
    standing: str
    pro: tuple[str, ...]
    con: tuple[str, ...]
    decides: tuple[str, ...]

    def as_dict(self) -> dict:
        """The hypothesis as results show it."""
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title,
            "standing": self.standing,
            "for": list(self.pro),
            "against": list(self.con),
            "decides": list(self.decides),
        }


def rank(case: Case) -> list[Hypothesis]:
    """All of them, the best first: by how they stand, then by what speaks for them, then in the order of testing."""
    found = [test(case) for test in TESTS]
    return sorted(found, key=lambda one: (STANDINGS.index(one.standing), len(one.con) - len(one.pro), one.id))


# H1


def wrong_target(case: Case) -> Hypothesis:
    """The attacked address leads to no sshd of ours, so that the packets never came near a server."""
    entries = entries_of(case)
    elsewhere = [path for path in entries if path.port != case.event.port]
    pro, con = [], [f"The log says that it reached sshd: {logged(case)}"] if case.logged else []
    leads = leads_to_server(case)
    if case.target.kind == "unknown" or not case.event.address or leads is None:
        standing = UNDECIDED
    elif leads:
        con.append(f"{case.target.text} So a packet to it goes to a server.")
        standing = RULED_OUT if case.as_today else UNLIKELY
    else:
        pro = [case.target.text, *_doors(case), *_novelty(case)]
        con += [
            f"Port {path.port} of the same address {'leads' if path.leads else 'may lead'} to {named(case, path)}."
            for path in elsewhere
        ]
        con += ["A server that it may be about could be reached then, in another way."] * (case.network == REACHABLE)
        standing = _off_target(case, elsewhere)
    return Hypothesis(
        "H1",
        "wrong-target",
        "It went to an address behind which there is no sshd of yours",
        standing,
        tuple(pro),
        tuple(con),
        (
            "the attacked address of the row, and whether it belonged to a load balancer or to somebody else then",
            "ActionTrail, as far back as the event, for what the address was bound to",
        ),
    )


def _off_target(case: Case, elsewhere: list[Path]) -> str:
    if case.logged:
        return UNLIKELY
    if elsewhere or case.network == REACHABLE:
        return POSSIBLE
    if not case.clues.exposure.read:
        return UNDECIDED
    return CONFIRMED if case.as_today and case.silent and case.network == NOT_REACHABLE else LIKELY


def _doors(case: Case) -> list[str]:
    """What the attacked address offers instead of sshd."""
    target = case.clues.exposure.target(case.event.address)
    if target is None or target.id != case.target.id:
        return []
    ports = [f"{protocol} {first if first == last else f'{first}-{last}'}" for first, last, protocol in target.ports]
    offers = f"it offers {', '.join(ports)}" if ports else "it offers nothing at all"
    where = f"port {case.event.port}" if case.event.port else "any port"
    return [f"Nothing at {where} of {case.event.address} leads to a server's sshd: {offers}."]


def _novelty(case: Case) -> list[str]:
    """An address that was new: who attacks it may mean whoever had it before."""
    start = case.holder.time.start if case.holder else None
    new = start and case.event.first - timedelta(days=1) <= start <= case.event.first
    return [f"The address had been this account's only since {shown(start)}."] if new else []


def leads_to_server(case: Case) -> bool | None:
    """Whether the attacked address is a server's own, or leads from that port to its sshd; None if it may."""
    port = case.event.port  # 0 if it is not told: then it may be that of any way
    found = (path for path in entries_of(case) if port in (0, path.port))
    answers = [case.owned, *(path.leads if port else None for path in found)]
    return True if True in answers else None if None in answers else False


def entries_of(case: Case) -> list[Path]:
    """The ways that begin at the attacked address and lead to an sshd, or may, whoever may use them."""
    address = case.event.address if case.unmoved else ""
    return [path for path in case.paths if address and path.address == address and path.leads is not False]


# H2


def blocked_at_border(case: Case) -> Hypothesis:
    """The network saw it and stopped it: the platform at its border, or the rules in front of the server."""
    event, pro, con = case.event, [], []
    stopped = [path.stop(event.source) for path in entries_of(case)]
    if event.kind == "alert":
        con.append("Alerts come from what the agent on a server reports, not from the border.")
    if event.status == "block":
        pro.append("The row's status is block; that does not say where, nor that no packet got through.")
    if 0 < event.count < DEFAULT_RULE:
        pro.append(
            f"{tries(event.count)}: fewer than the {DEFAULT_RULE} failures in ten minutes at which the default rule on"
            " servers fires."
        )
    pro += [f"Today it would be stopped: {gate.text}." for gate in stopped if gate][:3]
    if case.quiet and case.network == REACHABLE:
        pro.append("A way was open, and yet sshd logged nothing of it: something stopped it before.")
    if case.logged:
        con.append(f"At least a part of it got through to sshd: {logged(case)}")
    return Hypothesis(
        "H2",
        "blocked-at-border",
        "The network saw it and stopped it before any server",
        _border(case, refused=bool(stopped) and all(stopped), hints=bool(pro)),
        tuple(pro),
        tuple(con),
        (
            "VPC flow logs of that time: ACCEPT or REJECT at port 22, or no flow at all",
            "the data source of the row in Security Center (Cloud Firewall, network plug-in or WAF)",
        ),
    )


def _border(case: Case, *, refused: bool, hints: bool) -> str:
    if case.logged or case.event.kind == "alert":
        return UNLIKELY
    if (refused and case.network == NOT_REACHABLE) or (case.quiet and case.network == REACHABLE):
        return LIKELY
    return POSSIBLE if hints else UNDECIDED


# H3


def dropped_by_agent(case: Case) -> Hypothesis:
    """Security Center's plug-in on the server dropped it before sshd saw it; for that it has to come that far."""
    pro, con = [], []
    if case.network == REACHABLE:
        pro.append("It could come as far as the server at that time.")
    if case.quiet:
        pro.append("The logs of that time were read, and sshd logged nothing of it.")
    if case.network == NOT_REACHABLE:
        con.append("Nothing let it come as far as the server at that time.")
    if 0 < case.event.count < DEFAULT_RULE:
        con.append(f"{tries(case.event.count)}: too few for the default rule on the servers.")
    if case.logged:
        con.append(f"sshd did see it: {logged(case)}")
    return Hypothesis(
        "H3",
        "dropped-by-agent",
        "Security Center's plug-in on the server dropped it before sshd",
        _agent(case),
        tuple(pro),
        tuple(con),
        ("the network-block log of Security Center (sas-net-block) at that time", "its records of blocked addresses"),
    )


def _agent(case: Case) -> str:
    if case.logged:
        return UNLIKELY
    if case.network == NOT_REACHABLE:
        return RULED_OUT if case.silent else UNLIKELY
    if case.network == REACHABLE:
        return LIKELY if case.quiet else POSSIBLE
    return UNDECIDED


# H4


def time_or_rotation(case: Case) -> Hypothesis:
    """sshd has the line, at another hour or in an older file than where one looks."""
    elsewhere = [sentence for log in case.clues.logs if (sentence := _hidden(case, log))]
    pro, con = list(elsewhere), []
    if case.shifted:
        pro.append(logged(case))
    elif case.attempts and not elsewhere:
        con.append(f"It stands where one looks for it: {logged(case)}")
    unheard = [server for server in case.servers if not case.heard(server)]
    if not case.logged:
        con += ["The logs of that time were read and hold nothing of it, hours before and after either."] * case.silent
        con += ["Nothing let it come as far as sshd at that time."] * (case.network == NOT_REACHABLE)
        pro += [f"The log of {server} was not read for all of that time." for server in unheard if case.log_of(server)]
    return Hypothesis(
        "H4",
        "time-or-rotation",
        "The server logged it at another hour of the clock, or in a rotated file",
        _clock(case, elsewhere),
        tuple(pro),
        tuple(con),
        (
            "all that sshd logged from 14 hours before to 14 hours after, in rotated and compressed files too",
            "the time zones of the server and of who looked",
        ),
    )


def _clock(case: Case, elsewhere: list[str]) -> str:
    if case.attempts:
        plain = case.all_heard and all(_same_clock(case, log) for log in case.clues.logs if case.of_event(log))
        return CONFIRMED if elsewhere else RULED_OUT if plain else UNLIKELY
    if case.shifted:
        return LIKELY if case.shifted.known else POSSIBLE
    if case.silent:
        return RULED_OUT
    if case.quiet or case.network == NOT_REACHABLE:
        return UNLIKELY
    return POSSIBLE if any(case.log_of(server) for server in case.servers) else UNDECIDED


def _same_clock(case: Case, log: Log) -> bool:
    """The clock of the server shows the operator's time, and the operator's was not changed since the event."""
    return case.offsets(log) == {log.offset}


def _hidden(case: Case, log: Log) -> str:
    """Why somebody who looks for the event's time would not find the line in this log; '' if nothing hides it."""
    found = case.of_event(log) if case.attempts else []
    if not found:
        return ""
    if log.offset is not None and log.offset not in case.offsets(log):
        there = (found[0].time + log.offset).strftime("%H:%M:%S")
        return (
            f"In the log of {log.host} it stands at {there} {zone(log.offset)}, and {case.local.strftime('%H:%M:%S')}"
            f" {zone(case.local.utcoffset())} is where you would look."
        )
    if all(ROTATED.search(one.file) for one in found):
        return f"On {log.host} it stands in {found[0].file}, and not in the newest file."
    return ""


# H5


def open_for_a_while(case: Case) -> Hypothesis:
    """SSH was open at that time, and is not as a rule."""
    sure = [one for one in case.open_then if one.temporary]
    vague = [one for one in case.openings if one.temporary and one not in sure]
    vague += [one for one in case.other_openings if one.temporary and one.kind == "server" and not case.certain_servers]
    steady = [one for one in case.open_then if not one.temporary]
    related = [one for one in case.other_openings if one.temporary and one.kind != "server" and case.bears(one)]
    pro = [interval(one) for one in (*sure, *vague, *case.near, *related)]
    con = [f"It was not open for a while, but all the time: {interval(one)}" for one in steady]
    if case.known_then and not pro and not steady:
        con.append("ActionTrail holds no change that opened it at that time.")
    return Hypothesis(
        "H5",
        "open-for-a-while",
        "SSH was open at that time, and is not as a rule",
        _while(case, sure=sure, steady=steady, hints=bool(pro)),
        tuple(pro),
        tuple(con),
        ("ActionTrail from before the event until now, all regions, without a gap",),
    )


def _while(case: Case, *, sure: list[Opening], steady: list[Opening], hints: bool) -> str:
    if sure:
        return CONFIRMED if case.known_then and any(one.id in case.firmly_named for one in sure) else LIKELY
    if hints:
        return POSSIBLE
    if case.known_then:
        others = [one for one in case.other_openings if one.kind == "server" or case.on_a_way(one)]
        doubts = [*(one for one in others if one.temporary), *case.near_anywhere, *case.undated]
        doubts += [one for one in (*case.openings, *others) if not one.reach.admits(case.event.source)]
        return RULED_OUT if case.clues.everywhere and not doubts and not case.loose_ends else UNLIKELY
    return UNLIKELY if steady or case.replayed else UNDECIDED


# H6


def another_path(case: Case) -> Hypothesis:
    """There was a way to sshd that one does not think of: a second interface, DNAT, IPv6, a TCP listener."""
    others = [path for path in case.open_now if is_other(case, path)]
    direct = [path for path in case.open_now if not is_other(case, path)]
    closed = case.network == NOT_REACHABLE
    pro = [f"{way(case, path)} lets this source in today{_then(case)}." for path in others]
    pro += [f"Whether {way(case, path)} lets this source in is not known." for path in case.undecided[:3]]
    pro += [f"At that time, {text}." for one in case.openings for text in one.paths if _unlike(case, text)]
    pro += [f"A probe from {one.vantage} got through to {one.address} port {one.port}, which nothing explains."
            for one in case.contradicted]  # fmt: skip
    con = []
    if case.logged and not others:
        pro += [f"It reached sshd, and no way that was looked at explains that: {logged(case)}"] * closed
    if case.elsewhen and closed:
        pro.append(f"The source reached sshd at other times: {spoken(case.elsewhen)}")
    if closed and not case.logged:
        con.append("Of all ways that were looked for, none let this source in at that time.")
    if others and case.quiet:
        con.append("The logs of that time were read, and nothing came in that way.")
    if direct and case.logged:
        con.append("The address that the row names lets it in already.")
    return Hypothesis(
        "H6",
        "another-path",
        "It came another way than the one you think of",
        _other(case, others, direct),
        tuple(pro),
        tuple(con),
        (
            "which address the connection came in at: VPC flow logs of every interface of the server",
            "what is not looked for here: Global Accelerator, IPv6 translation, private networks, other servers",
        ),
    )


def _other(case: Case, others: list[Path], direct: list[Path]) -> str:
    if others:
        return _open_way(case, others)
    if case.logged:
        if direct:
            return UNLIKELY
        return LIKELY if case.network == NOT_REACHABLE else POSSIBLE
    if case.undecided or case.contradicted or any(_unlike(case, text) for one in case.openings for text in one.paths):
        return POSSIBLE
    if case.network == NOT_REACHABLE:
        return RULED_OUT if case.silent else UNLIKELY
    return UNLIKELY if case.clues.exposure.complete else UNDECIDED


def _open_way(case: Case, others: list[Path]) -> str:
    """How it stands if there is another way that is open today."""
    here = [path for path in others if path.address == case.event.address]
    same = (path for path in here if path.port == case.event.port and _heard_of(case, path))
    if case.attempts and case.network == REACHABLE and any(same):
        return CONFIRMED
    if case.logged:
        return LIKELY
    if case.network == NOT_REACHABLE or case.quiet:
        return UNLIKELY
    return LIKELY if here else POSSIBLE


def _heard_of(case: Case, path: Path) -> bool:
    """The log of the server to which a path leads holds it."""
    server = case.clues.exposure.server(path.server)
    log = server and case.log_of(server)
    return bool(log and case.of_event(log))


def is_other(case: Case, path: Path) -> bool:
    """Not the plain way: the attacked address, as the server's own, at the attacked port."""
    plain = path.kind in ("public_ip", "eip") and path.port == case.event.port
    return not (plain and path.address == case.event.address)


def _then(case: Case) -> str:
    if case.network == REACHABLE:
        return ", and the server could be reached at that time"
    return ", but not at that time" if case.network == NOT_REACHABLE else ""


def _unlike(case: Case, text: str) -> bool:
    return bool(text) and (not case.event.address or case.event.address not in text)


# H7


def stale_mapping(case: Case) -> Hypothesis:
    """Security Center shows the event at the wrong server: an old mapping, a copied agent, two of one name."""
    wrong, odd, con = _mismatches(case)
    logs = [log for server in case.spoken_of if (log := case.log_of(server))]
    right = bool(case.attempts) and any(case.of_event(log) for log in logs)
    if right:
        con.append("The log of the very server that the event names holds it.")
    return Hypothesis(
        "H7",
        "stale-asset-mapping",
        "Security Center shows it at the wrong server",
        _mapping(case, wrong=wrong, odd=odd, fits=bool(con), right=right),
        (*wrong, *odd),
        tuple(con),
        (
            "the asset list of Security Center: the uuid of the row, and the instance and addresses it is mapped to",
            "whether another server was made from the same image together with its agent",
        ),
    )


def _mapping(case: Case, *, wrong: list[str], odd: list[str], fits: bool, right: bool) -> str:
    if right:
        return RULED_OUT
    if wrong and case.clues.exposure.complete and case.clues.everywhere:
        return LIKELY
    return POSSIBLE if wrong or odd else UNLIKELY if fits else UNDECIDED


def _mismatches(case: Case) -> tuple[list[str], list[str], list[str]]:
    """What does not fit together in what the event says of its server, what may have misled it, and what fits."""
    event, exposure, wrong, odd, con = case.event, case.clues.exposure, [], [], []
    server = exposure.server(event.instance_id)
    if case.claimed and exposure.read:
        whole = exposure.complete and case.clues.everywhere
        missing = "no server of this account" if whole else "which is none of the servers that were read"
        what = "a server of this account" if server else missing
        (con if server else wrong).append(f"The event names {case.claimed}, {what}.")
    if server and event.private_ip:
        fits = event.private_ip in server.addresses
        (con if fits else wrong).append(
            f"The event names {event.private_ip}, {'an' if fits else 'no'} address of {server}."
        )
    alike = [one for one in exposure.servers if event.instance_name and one.name == event.instance_name]
    if len(alike) > 1:
        odd.append(f"{len(alike)} servers are called {event.instance_name}.")
    if event.instance_name and event.instance_name in (case.target.name, case.target.id):
        con.append(f"The event names {event.instance_name}, and that is what the attacked address belongs to.")
    owners = {one.id for one in case.clues.changes.holdings if one.address == event.address and one.id}
    if event.address and len(owners) > 1:
        odd.append(f"{event.address} belonged to several things of this account, one after the other.")
    return wrong, odd, con


# H8


def false_positive(case: Case) -> Hypothesis:
    """There was no such attack."""
    pro, con = [], []
    if case.attempts:
        con.append(f"sshd logged it: {logged(case)}")
    elif case.shifted:
        con.append(f"sshd seems to have logged it: {logged(case)}")
    if case.quiet and case.network == REACHABLE:
        pro.append("A way was open, the logs of that time were read, and sshd logged nothing of it.")
    if case.target.kind not in ("unknown", *OWN) and not case.logged:
        con.append("A packet to the attacked address may be enough for such a row, so that none of it need be wrong.")
    standing = UNDECIDED
    if case.attempts:
        standing = RULED_OUT
    elif con:
        standing = UNLIKELY
    elif case.quiet and case.network != UNKNOWN:
        standing = POSSIBLE
    return Hypothesis(
        "H8",
        "false-positive",
        "There was no such attack",
        standing,
        tuple(pro),
        tuple(con),
        ("a ticket at Alibaba Cloud with all of this",),
    )


TESTS = (
    wrong_target,
    blocked_at_border,
    dropped_by_agent,
    time_or_rotation,
    open_for_a_while,
    another_path,
    stale_mapping,
    false_positive,
)
