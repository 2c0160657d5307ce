# SPDX-License-Identifier: GPL-3.0-or-later
"""What a line of sshd says about who came from where: pure, and suspicious of its input.

Names are chosen by whoever knocks, and may look like the rest of a line. So each pattern is tied to both ends of the
text, what the server itself wrote stands right of the name, and where two readings are possible the source is UNKNOWN.

The texts are those of OpenSSH 5 to 10 (auth.c, packet.c, kex.c, sshd.c, srclimit.c), of Linux-PAM and of TCP wrappers.
The module that uses this runs on servers, whose Python may be as old as 3.8.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from ipaddress import ip_address
from typing import NamedTuple

UNKNOWN_SOURCE = "UNKNOWN"
NAME = r"(?P<user>.*)"
SOURCE = r"(?P<source>\S+)"
PORT = r" port (?P<port>\d+)"
# How packet.c names the other end, with what it knows of the user at that moment. Before it told of users, it told no
# port either, so a name is always followed by both.
PEER = rf"(?:(?:invalid |illegal |authenticating )?user {NAME} )?{SOURCE}{PORT}"
OLD_PEER = SOURCE
PAM = rf"logname=\S* uid=\d+ euid=\d+ tty=\S* ruser=\S* rhost={SOURCE}(?:\s+user={NAME})?"

# Outcome and text; the first that fits the whole text counts.
PATTERNS = [
    (outcome, re.compile(pattern))
    for outcome, pattern in (
        ("invalid_user", rf"(?:Invalid|Illegal) user {NAME} from {SOURCE}(?:{PORT})?"),
        ("disconnected", rf"(?:Connection (?:closed|reset) by|Disconnected from) {PEER}"),
        ("disconnected", rf"(?:Connection (?:closed|reset) by|Disconnected from) {OLD_PEER}"),
        ("disconnected", rf"Received disconnect from {SOURCE}{PORT}: ?\d+:.*"),
        ("disconnected", rf"Received disconnect from {SOURCE}: \d+:.*"),
        ("disconnected", rf"ssh_dispatch_run_fatal: Connection (?:from|to) {PEER}: .*"),
        ("disconnected", rf"Read error from remote host {PEER}: .*"),
        ("disconnected", rf"Timeout, client not responding from {PEER}"),
        ("disconnected", rf"Timeout, client not responding from {OLD_PEER}"),
        (
            "too_many_attempts",
            (
                rf"maximum authentication attempts exceeded for (?:invalid user )?{NAME} from {SOURCE}"
                rf"{PORT}(?: ssh\d)?"
            ),
        ),
        ("too_many_attempts", rf"Disconnecting {PEER}: Too many authentication failures.*"),
        ("disconnected", rf"Disconnecting {PEER}: .*"),
        ("refused", rf"User {NAME} from {SOURCE} not allowed because .*"),
        ("refused", rf"ROOT LOGIN REFUSED FROM {SOURCE}(?:{PORT})?"),
        ("refused", r"refused connect from \S+ \((?P<source>\S+)\)"),
        ("refused", rf"refused connect from {SOURCE}"),
        (
            "refused",
            (
                rf"(?:\S+: )?Authentication tried for {NAME} with correct key but not from a permitted host "
                r"\(host=[^,]*, ip=(?P<source>[^,)]+)(?:, required=.*)?\)\.?"
            ),
        ),
        (
            "refused",
            (
                rf"(?:\S+: )?Authentication tried for {NAME} with valid certificate but not from a permitted "
                r"source address \((?P<source>\S+)\)\.?"
            ),
        ),
        ("no_agreement", r"Unable to negotiate with (?P<source>\S+?)(?: port (?P<port>\d+))?: no matching .*"),
        ("no_agreement", rf"Protocol major versions differ for {SOURCE}(?:{PORT})?: .*"),
        ("not_ssh", rf"banner exchange: Connection from {SOURCE}{PORT}: invalid format"),
        ("no_identification", rf"banner exchange: Connection from {SOURCE}{PORT}: .*"),
        ("not_ssh", rf"Bad protocol version identification '.*' from {SOURCE}(?:{PORT})?"),
        (
            "no_identification",
            (
                r"Did not receive identification string from (?P<source>\S+?)"
                r"(?: port (?P<port>\d+))?\.?"
            ),
        ),
        ("timed_out", rf"Timeout before authentication for connection from {SOURCE} to \S+, pid = \d+"),
        ("timed_out", r"Timeout before authentication for (?P<source>\S+?)(?: port (?P<port>\d+))?\.?"),
        ("dropped", r"drop connection #\d+ from \[(?P<source>[^\]]*)\]:(?P<port>\d+) on \[[^\]]*\]:\d+ .*"),
        ("penalised", r"srclimit_penalise: .*?(?P<source>[0-9a-fA-F.:]*[0-9a-fA-F])/(?:32|128)\b.*"),
        ("pam_failed", rf"pam_\w+\(sshd:auth\): authentication failure; {PAM}"),
        ("pam_failed", rf"(?:pam_\w+\(sshd:auth\): |PAM )\d+ more authentication failures?; {PAM}"),
        ("pam_failed", rf"PAM: .* for (?:illegal user )?{NAME} from {SOURCE}"),
        ("connected", rf"Connection from {SOURCE}{PORT}(?: on .*)?"),
    )
]
# Texts whose end is not fixed: a name that looks like an end of the same form would be taken for the real one.
OPEN_ENDED = re.compile(r"(?:Disconnecting|ssh_dispatch_run_fatal:|Read error) ")
PEER_BEFORE_TEXT = re.compile(r"\S+ port \d+: ")

OUTCOMES = {"Accepted": "accepted", "Failed": "failed", "Postponed": "postponed", "Partial": "partial"}
LOGIN = re.compile(r"(?P<verb>Accepted|Failed|Postponed|Partial) (?P<method>\S+) for (?:invalid user |illegal user )?")
LOGIN_END = re.compile(r" from (?P<source>\S+) port (?P<port>\d+)(?: ssh\d?)?(?=$|: )")
# What may follow the end of a login by key: its type and fingerprint, and those of its certificate.
KEY = re.compile(r": \S+ \S+(?: ID .* \(serial \d+\) CA \S+ \S+)?(?:, client user \"[^\"]*\", client host \"[^\"]*\")?")
WITH_KEY = ("publickey", "hostbased")

LEVEL = re.compile(r"(?:error|fatal|info|verbose): ")
REPEATED = re.compile(r"message repeated (?P<times>\d{1,10}) times: \[ ?(?P<text>.*)\]")
# Of these, sshd names the source in the next line of the same process.
WITHOUT_SOURCE = re.compile(r"kex_exchange_identification: (?P<why>.*)")
DROPPED = re.compile(r"(?:exited|in) MaxStartups throttling .* (?P<number>\d{1,10}) connections dropped")
NOTED = 1000
LONGEST = 2000  # log.c of OpenSSH cuts its messages at 1024 bytes, so a longer one is somebody else's


class Fact(NamedTuple):
    """What one line says: outcome is a word of the table above, method None unless the line tells of a login."""

    outcome: str
    source: str
    user: str | None = None
    method: str | None = None
    port: int | None = None


class Messages:
    """Reads the messages of one log in their order, since some are spread over two lines of the same process."""

    def __init__(self):
        self._noted: OrderedDict = OrderedDict()

    def fact(self, pid: int | None, text: str) -> Fact | None:
        """What a message says of a source, or None; text is what follows `sshd[1]: `."""
        if len(text) > LONGEST:
            return None
        text = bare(text)
        if found := WITHOUT_SOURCE.fullmatch(text):
            self._note(pid, "not_ssh" if "invalid" in found["why"] else "no_identification")
            return None
        said = fact(text)
        noted = self._noted.pop(pid, None) if said else None
        if noted and said.outcome in ("disconnected", "no_identification"):
            return said._replace(outcome=noted)
        return said

    def _note(self, pid: int | None, outcome: str) -> None:
        if pid is None:
            return
        self._noted[pid] = outcome
        if len(self._noted) > NOTED:
            self._noted.popitem(last=False)


def repeated(text: str) -> tuple:
    """How often a message stands for itself, and the message: syslog daemons fold equal ones into one."""
    found = REPEATED.fullmatch(text)
    return (int(found["times"]), found["text"]) if found else (1, text)


def unnamed(text: str) -> int:
    """How many connections sshd says it dropped without naming where they came from."""
    found = DROPPED.fullmatch(bare(text))
    return int(found["number"]) if found else 0


def bare(text: str) -> str:
    """A message without the level before it, and without the mark of the process after it."""
    text = text.rstrip()
    if text.endswith(" [preauth]"):
        text = text[: -len(" [preauth]")]
    level = LEVEL.match(text)
    return text[level.end() :] if level else text


def fact(text: str) -> Fact | None:
    """What a bare message says of a source, or None."""
    if start := LOGIN.match(text):
        return _login(start, text)
    for outcome, pattern in PATTERNS:
        if found := pattern.fullmatch(text):
            return _checked(outcome, found.groupdict(), text)
    return None


def _checked(outcome: str, parts: dict, text: str) -> Fact:
    if OPEN_ENDED.match(text) and len(PEER_BEFORE_TEXT.findall(text)) > 1:
        parts = {}
    port = parts.get("port")
    user = "root" if text.startswith("ROOT LOGIN") else parts.get("user")
    return Fact(outcome, source(parts.get("source")), shown(user), None, int(port) if port else None)


def _login(start: re.Match, text: str) -> Fact | None:
    """The source is where the server put it: before the end, or before what it says of a key."""
    rest = text[start.end() - 1 :]  # with the blank before the name, since a name may be empty
    method, outcome = start["method"], OUTCOMES[start["verb"]]
    ends = list(LOGIN_END.finditer(rest))
    fitting = [end for end in ends if _closes(rest[end.end() :], method)] or ends
    if not fitting:
        return None
    end = fitting[0]
    user = shown(rest[1 : end.start()])
    if len(fitting) > 1:
        return Fact(outcome, UNKNOWN_SOURCE, user, method, None)
    return Fact(outcome, source(end["source"]), user, method, int(end["port"]))


def _closes(tail: str, method: str) -> bool:
    return not tail or (method in WITH_KEY and bool(KEY.fullmatch(tail)))


def source(text: str | None) -> str:
    """An address in its shortest form; a host's name as it is; UNKNOWN where sshd did not know it."""
    try:
        address = ip_address(text or "")
    except ValueError:
        return shown(text) or UNKNOWN_SOURCE
    return str(getattr(address, "ipv4_mapped", None) or address)


def shown(name: str | None) -> str | None:
    """A name that can't play tricks on the terminal that shows it."""
    return name and "".join(letter if letter.isprintable() else "\ufffd" for letter in name)
