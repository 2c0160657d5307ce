# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting back what a journal says was there before, newest first, looking before acting."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from .cloud import Cloud
from .enforce import REREADS, Run
from .errors import CloudError, OptionError
from .journal import Entry, load
from .retry import backoff
from .values import Call, Change, Plan, Resource
from .writes import write

OVERWRITTEN = "somebody changed it since, and to what is not known"


@dataclass(frozen=True)
class Chain:
    """All that one journal did to one setting of one resource, oldest first: only where it started matters."""

    setting: str
    entries: tuple[Entry, ...]

    @property
    def resource(self) -> Resource:
        """The resource that the setting is of."""
        return self.entries[0].resource

    @property
    def origin(self) -> Call | None:
        """The call that brings back what was before the first entry."""
        return self.entries[0].undo

    @property
    def stops(self) -> list[Call]:
        """Every state that the journal knows of after the origin: where the setting is if nobody else touched it."""
        return [call for entry in self.entries for call in (entry.call, entry.undo) if call and call != self.origin]


@dataclass(frozen=True)
class Seen:
    """What a look at the cloud says of a chain. refusal: what undoing would destroy; error: why none was possible."""

    chain: Chain
    restored: bool = False
    ours: bool = False
    refusal: str | None = None
    error: CloudError | None = None


def restore(run: Run) -> list[str]:
    """The body of the module restore; returns what went wrong."""
    run.result.update(restored=[], not_restored=[])
    source = Path(run.options.journal)
    entries = load(source)
    cloud = run.connect()
    seen = look(cloud, chains(_own(cloud, source, entries)))
    plan, left = decide(seen, run.options.force)
    run.result.update(changed=bool(plan.changes), diff=plan.diff(), restored=shown(plan), not_restored=left)
    run.open_journal(f"{source}.restore-{run.id}.jsonl")
    run.apply(plan)
    if not run.module.check_mode:
        run.result["restored"] = shown(Plan(tuple(change for change in plan.changes if change in run.sent)))
        _wait(cloud, run)
    for one in left:
        cloud.warnings.append(
            f"{one['resource']}: {one['setting']} was not put back"
            f"{' as it was' if one['partly'] else ''}: {one['reason']}."
        )
    missed = sum(not one["partly"] for one in left)
    return run.errors + ([f"{missed} of {len(seen)} settings were not put back: see not_restored."] if missed else [])


def _own(cloud: Cloud, source: Path, entries: list[Entry]) -> list[Entry]:
    """What was changed in this account, with a warning of what was changed in others; OptionError if that is all."""
    own = [entry for entry in entries if entry.resource.account_id == cloud.account_id]
    others = ", ".join(sorted({entry.resource.account_id for entry in entries} - {cloud.account_id}))
    if others and not own:
        raise OptionError(f"{source} is a journal of account {others}, but the key belongs to {cloud.account_id}.")
    if others:
        cloud.warnings.append(f"{source} also tells of changes in account {others}: they take a key of that account.")
    return own


def chains(entries: list[Entry]) -> list[Chain]:
    """The entries grouped by what they set, the chain with the newest entry first."""
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        key = (entry.resource.arn, write(entry.call).setting_of(entry.call.params))
        groups[key] = [*groups.pop(key, []), entry]
    return [Chain(setting, tuple(group)) for (_unused, setting), group in reversed(groups.items())]


def look(cloud: Cloud, wanted: list[Chain]) -> list[Seen]:
    """How each chain's setting stands now, all read side by side."""

    def see(chain: Chain) -> Seen:
        if chain.origin is None:
            return Seen(chain)
        if holds(cloud, chain.origin):
            return Seen(chain, restored=True)
        refuses = write(chain.origin).refuses
        refusal = refuses(cloud, chain.origin.params) if refuses else None
        return Seen(chain, ours=any(holds(cloud, call) for call in chain.stops), refusal=refusal)

    answers = cloud.map(see, wanted)
    return [
        Seen(chain, error=answer) if isinstance(answer, CloudError) else answer
        for chain, answer in zip(wanted, answers, strict=True)
    ]


def holds(cloud: Cloud, call: Call) -> bool:
    """Whether what the call would bring about is there already."""
    return write(call).holds(cloud, call.params)


def decide(seen: list[Seen], force: bool) -> tuple[Plan, list[dict]]:
    """Pure: the changes that put things back, and what is not put back (or only partly), with the reason.

    What was made for others goes after them, and stays where one of them stays.
    """
    pending = [one for one in seen if not one.restored]
    users = _users([one.chain for one in pending])
    stays = _staying(pending, force)
    changes, left = [], []
    for place, one in enumerate(pending):
        if place in stays:
            reason, partly = stays[place]
            left.append(_left(one.chain, reason, partly=partly))
            continue
        changes.append(_change(one, tuple(sorted(users.get(one.chain.resource.arn, ())))))
        if one.chain.origin.partial:
            left.append(_left(one.chain, one.chain.origin.partial, partly=True))
    return Plan(tuple(changes)), left


def _staying(seen: list[Seen], force: bool) -> dict[int, tuple[str, bool]]:
    """By their places, those that are not put back: the reason, and whether the rest is none the worse for it."""
    stays: dict[int, tuple[str, bool]] = {}
    for place, one in enumerate(seen):
        obstacle = _obstacle(one, force)
        if obstacle or one.refusal:
            stays[place] = (obstacle or one.refusal, not obstacle)
    while True:
        kept = _users([seen[place].chain for place in stays])
        more = {
            place: (f"it is still needed by {', '.join(sorted(kept[arn]))}", True)
            for place, arn in enumerate(one.chain.resource.arn for one in seen)
            if place not in stays and arn in kept
        }
        if not more:
            return stays
        stays |= more


def _users(chains: list[Chain]) -> dict[str, set[str]]:
    """ARN to the ARNs of those that needed it, as the journal says."""
    users: dict[str, set[str]] = {}
    for chain in chains:
        for need in (need for entry in chain.entries for need in entry.needs if need != chain.resource.arn):
            users.setdefault(need, set()).add(chain.resource.arn)
    return users


def _obstacle(seen: Seen, force: bool) -> str | None:
    if seen.error:
        return "it is not there any more" if seen.error.gone else f"it could not be read: {str(seen.error).rstrip('.')}"
    if seen.chain.origin is None:
        return "this change has no undo"
    if not seen.ours and not force:
        return "somebody changed it since; force puts it back all the same"
    return None


def _change(seen: Seen, needs: tuple[str, ...]) -> Change:
    chain = seen.chain
    last = chain.entries[-1].call
    before, after = _line(chain.setting, last), _line(chain.setting, chain.origin)
    if not seen.ours:
        # A look compares; it does not tell what else it saw.
        before, last = f"{chain.setting}: {OVERWRITTEN}", replace(last, partial=OVERWRITTEN)
    return Change(chain.resource, chain.origin, last, before, after, needs)


def _line(setting: str, call: Call) -> str:
    # Neither where it is, nor rules, which the setting itself names.
    said = {"bucket", "region", "endpoint", "RegionId", "LoadBalancerId", "SecurityGroupId", "SecurityGroupRuleId"}
    said |= {"Permissions", "After"}
    values = " ".join(f"{name}={value}" for name, value in call.params.items() if name not in said)
    return f"{setting}: {call.action} {values}".rstrip()


def _left(chain: Chain, reason: str, partly: bool) -> dict:
    return {"resource": chain.resource.arn, "setting": chain.setting, "reason": reason, "partly": partly}


def shown(plan: Plan) -> list[dict]:
    """The calls of a plan with their resources, as the result lists them."""
    return [{"resource": change.resource.arn, **change.call.as_dict()} for change in plan.changes]


def _wait(cloud: Cloud, run: Run) -> None:
    """Read until what was sent shows; what does not show in the end is an error."""
    missing = list(run.sent)
    for tries in range(1, REREADS + 1):
        answers = cloud.map(lambda change: holds(cloud, change.call), missing)
        missing = [change for change, answer in zip(missing, answers, strict=True) if answer is not True]
        if not missing:
            return
        if tries < REREADS:
            time.sleep(backoff(tries))
    names = ", ".join(sorted({change.resource.name for change in missing}))
    run.errors.append(f"Put back, but it doesn't show in later reads of {names}: run again in a minute.")
