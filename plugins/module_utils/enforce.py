# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything of Ansible that a module needs, once: options, check mode, diff, applying, re-reading, errors, exit.

A control module is two functions. read(cloud, options, only) asks the cloud for the whole scope, or for the
resources whose ARNs stand in only. assess(state, options) is pure: it gives a finding for each resource and control,
with the changes that would close it. enforce() does the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from ansible.module_utils.basic import AnsibleModule

from . import endpoints, whitelist
from .cloud import Cloud
from .errors import CloudError, HardeningError, JournalError, OptionError, Unread
from .journal import FAILED, REFUSED, Journal, default_path, new_run
from .progress import progress
from .retry import backoff
from .values import FIXED, OPEN, UNKNOWN, WHITELISTED, Change, Finding, Plan, summarise
from .writes import write

CONNECTION_SPEC = {
    "access_key_id": {"type": "str", "no_log": True},
    "access_key_secret": {"type": "str", "no_log": True},
    "security_token": {"type": "str", "no_log": True},
    "profile": {"type": "str"},
    "assume_role_arn": {"type": "str"},
    "ecs_ram_role": {"type": "str"},
    "endpoint_url": {"type": "str"},
    "regions": {"type": "list", "elements": "str", "default": []},
    "workers": {"type": "int", "default": 16},
}
RUN_SPEC = {
    "journal": {"type": "path"},
    "whitelist": whitelist.SPEC,
    "max_changes": {"type": "str"},
}
# A change shows in a later read after seconds at most; what has not arrived by then is reported, not waited for.
REREADS = 6
# Each round of changes that only a later read can know of depends on the one before; nothing here has more than two.
ROUNDS = 3 * REREADS
NEEDED = "what it needs could not be changed: "
GONE = "it was gone when it was read again after the change"

Read = Callable[[Cloud, SimpleNamespace, "frozenset[str] | None"], object]
Assess = Callable[[object, SimpleNamespace], "list[Finding]"]
Verify = Callable[[Cloud, SimpleNamespace, "list[Finding]"], "list[str]"]
Conclude = Callable[[Cloud, SimpleNamespace, object, bool], "tuple[dict, list[str]]"]


class Run:
    """One module call: its options, its account, and what it has sent so far."""

    def __init__(self, module: AnsibleModule):
        self.module = module
        self.options = SimpleNamespace(**module.params)
        self.name = module._name.rpartition(".")[2]  # noqa: SLF001
        self.id = new_run()
        self.sent: list[Change] = []
        self.errors: list[str] = []
        self.failed: dict[str, str] = {}
        self.result: dict = {"changed": False}
        self.cloud: Cloud | None = None

    def connect(self) -> Cloud:
        """The account, known by its number: the first call, which also proves the key."""
        self.module.no_log_values.update(endpoints.userinfo(self.options.endpoint_url))
        self.cloud = Cloud.connect(self.options)
        self.module.no_log_values.update(filter(None, (self.cloud.keys.secret, self.cloud.keys.token)))
        self.result["account_id"] = self.cloud.account_id
        return self.cloud

    def open_journal(self, path: Path | str | None) -> Journal:
        """The journal that apply writes to; the file is made with the first change."""
        self.journal = Journal(Path(path) if path else default_path(self.cloud.account_id, self.id), self.id)
        return self.journal

    def apply(self, plan: Plan) -> None:
        """Send the plan, resources side by side, each one's changes in order; nothing at all in check mode.

        A change that is refused ends its own resource's changes, and keeps those from being sent that need them;
        a journal that can't be written ends them all.
        """
        if self.module.check_mode:
            return
        with ThreadPoolExecutor(self.options.workers) as pool:
            for wave in plan.waves():
                ready = {arn: changes for arn, changes in wave.items() if not self._wants(arn, changes)}
                progress.begin(len(ready))
                for arn, error in zip(ready, pool.map(self._apply_in_order, ready.values()), strict=True):
                    progress.done()
                    if error:
                        self.failed[arn] = error
                        self.errors.append(error)
        if self.journal.broken:
            self.errors.append(str(self.journal.broken))
        self.result["changed"] = bool(self.sent)
        if self.journal.used:
            self.result["journal"] = str(self.journal.path)

    def _wants(self, arn: str, changes: list[Change]) -> bool:
        """Whether what these changes need could not be changed; notes and tells of it, once for each reason."""
        reasons = [self.failed[need] for change in changes for need in change.needs if need in self.failed]
        if not reasons:
            return False
        reason = reasons[0].removeprefix(NEEDED)
        if NEEDED + reason not in self.failed.values():
            self.errors.append("What needs that was not changed either.")
        self.failed[arn] = NEEDED + reason
        return True

    def _apply_in_order(self, changes: list[Change]) -> str | None:
        for change in changes:
            try:
                error = self._send(change)
            except JournalError:
                return None
            if error:
                return f"{change.resource.name}: {error}"
        return None

    def _send(self, change: Change) -> HardeningError | None:
        """Journal the change, send it, and journal what came of it; gives the error that refused it."""
        seq = self.journal.plan(change)
        try:
            write(change.call).send(self.cloud, change.call.params)
        except HardeningError as error:
            # An error of another action is that of a read, which may come before the change or after it.
            beside = isinstance(error, CloudError) and error.action != change.call.action
            self.journal.close(seq, REFUSED if error.refused and not beside else FAILED, str(error))
            return error
        self.sent.append(change)
        self.journal.close(seq)
        return None

    def finish(self, errors: list[str]) -> None:
        """Leave the module, failed where there is anything to tell of."""
        for warning in self.cloud.warnings if self.cloud else []:
            self.module.warn(warning)
        if errors:
            self.module.fail_json(msg=" ".join(errors), **self.result)
        self.module.exit_json(**self.result)


def run_module(body: Callable[[Run], list[str]], spec: dict) -> None:
    """Run body as a module with these options beside those for the connection; it returns what went wrong."""
    run = Run(AnsibleModule(argument_spec={**CONNECTION_SPEC, **spec}, supports_check_mode=True))
    try:
        errors = body(run)
    except HardeningError as error:
        errors = [str(error)]
    run.finish(errors)


def inform(spec: dict, look: Callable[[Cloud, SimpleNamespace], dict]) -> None:
    """An info module: look gives its results, unread among them; if that is not empty, the module fails at its end."""

    def body(run: Run) -> list[str]:
        found = look(run.connect(), run.options)
        run.result.update(found)
        gaps = [
            f"{one['what']} ({one['action']}: {one['message']}, {one['code']}, request id {one['request_id']})"
            for one in found["unread"]
        ]
        return [f"Not everything could be read: {'; '.join(gaps)}."] if gaps else []

    run_module(body, spec)


def enforce(
    spec: dict, read: Read, assess: Assess, verify: Verify | None = None, conclude: Conclude | None = None
) -> None:
    """A control module: find the drift in the whole scope, report it as risks, and close it unless in check mode.

    verify: what there is to prove once changes were sent, beside that later reads show them; gives what is wrong.
    conclude: what else the module returns, and what went wrong with it, from the last state read; the last argument
    says whether this is a real run, changes or not.
    """
    run_module(lambda run: _enforce(run, read, assess, verify, conclude), {**RUN_SPEC, **spec})


def _enforce(run: Run, read: Read, assess: Assess, verify: Verify | None, conclude: Conclude | None) -> list[str]:
    entries = whitelist.parse(run.options.whitelist)
    ceiling = _ceiling(run.options.max_changes)
    cloud = run.connect()
    today = datetime.now(UTC).date()
    state: object = None

    def look(only: frozenset[str] | None) -> list[Finding]:
        nonlocal state
        state = read(cloud, run.options, only)
        findings = assess(state, run.options)
        return _spare_accepted(whitelist.accept(findings, entries, today))

    findings = look(None)
    cloud.warnings += whitelist.idle(entries, findings, run.name)
    plan = Plan.of(findings)
    report(run, findings, plan)
    too_many = ceiling(plan, {finding.resource.arn for finding in findings})
    if run.module.check_mode:
        run.result["changed"] = bool(plan.changes)
        cloud.warnings += [f"A run that enforces would stop: {too_many}"] if too_many else []
    elif too_many:
        return [f"Nothing was changed: {too_many}"]
    elif plan.changes:
        run.open_journal(run.options.journal)
        findings, plan = _converge(run, findings, plan, look)
        report(run, findings, plan)
        run.errors += verify(cloud, run.options, findings) if verify else []
    if conclude:
        more, wrong = conclude(cloud, run.options, state, not run.module.check_mode)
        run.result.update(more)
        run.errors += wrong
    return [*run.errors, *_unreadable(findings)]


def report(run: Run, findings: list[Finding], plan: Plan) -> None:
    """Put the findings into the module's result."""
    risks = [finding.as_risk() for finding in findings if finding.is_risk]
    run.result.update(risks=risks, summary=summarise(findings), diff=plan.diff())
    unread = {(finding.resource.arn, one): one for finding in findings for one in finding.unread}
    run.result["unread"] = [one.as_dict(arn) for (arn, _unused), one in unread.items()]


def _converge(
    run: Run, first: list[Finding], plan: Plan, look: Callable[[frozenset[str]], list[Finding]]
) -> tuple[list[Finding], Plan]:
    """Send the plan and re-read until nothing is left of it; then the first findings with what became of them.

    A step that only a later read can know of (it depends on an earlier step) is sent in its turn. A read that lags
    behind a change already sent is waited for, a limited number of times.
    """
    closing = {finding.resource.arn for finding in first if finding.closable}
    everything, touched, rereads = plan, frozenset({*plan.by_resource(), *closing}), 0
    run.apply(plan)
    for _round in range(ROUNDS):
        latest = look(touched)
        left = [change for change in Plan.of(latest).changes if change.resource.arn not in run.failed]
        fresh = Plan(tuple(change for change in left if change not in everything.changes))
        if not left or run.journal.broken or (not fresh.changes and rereads == REREADS):
            break
        if fresh.changes:
            run.apply(fresh)
            everything = Plan(everything.changes + fresh.changes)
        else:
            rereads += 1
            time.sleep(backoff(rereads))
    if left and not run.journal.broken:
        names = ", ".join(sorted({change.resource.name for change in left}))
        run.errors.append(f"Changes were accepted but don't show in later reads of {names}: run again in a minute.")
    return [_explained(finding, run.failed) for finding in _outcome(first, latest, touched)], everything


def _explained(finding: Finding, failed: dict[str, str]) -> Finding:
    """The finding, if it is still open, with the reason for which its changes did not come through."""
    reasons = [failed[change.resource.arn] for change in finding.changes if change.resource.arn in failed]
    return replace(finding, blocked_by=reasons[-1]) if finding.closable and reasons else finding


def _outcome(first: list[Finding], latest: list[Finding], touched: frozenset[str]) -> list[Finding]:
    """The first findings, each open one fixed if the last read of its resource no longer has it.

    Where that read has nothing of a finding, it was lost rather than gone if the resource is unknown under another
    control, or if there is an unknown that the first read did not have: it stands for all that could not be listed.
    """
    now = {(finding.control, finding.resource.arn): finding for finding in latest}
    unknown = [finding for finding in latest if finding.status == UNKNOWN]
    listed = {finding.resource.arn for finding in first}

    def gaps(arn: str) -> tuple[Unread, ...]:
        lost = (one for one in unknown if one.resource.arn == arn or one.resource.arn not in listed)
        return tuple(dict.fromkeys(trace for one in lost for trace in one.unread))

    def became(before: Finding) -> Finding:
        arn = before.resource.arn
        if before.status != OPEN or arn not in touched:
            return before
        found = now.get((before.control, arn))
        if found and found.status != UNKNOWN:
            return before if found.is_risk else replace(before, status=FIXED, blocked_by=None)
        unread = found.unread if found else gaps(arn)
        what = "what became of it could not be read" if found or unread else GONE
        return replace(before, status=UNKNOWN, unread=unread).because(what)

    return [became(finding) for finding in first]


def _calls(finding: Finding) -> set[tuple[str, str]]:
    return {(change.resource.arn, str(change.call)) for change in finding.changes}


def _spare_accepted(findings: list[Finding]) -> list[Finding]:
    """Block what would also undo something that the whitelist accepts, on the same resource or on another one."""
    whitelisted = [finding for finding in findings if finding.status == WHITELISTED]
    kept = {
        key: finding.control for finding in whitelisted for key in _calls(finding) if key[0] == finding.resource.arn
    }

    def spare(finding: Finding) -> Finding:
        accepted = {f"{kept[key]}, which the whitelist accepts here" for key in _calls(finding) if key in kept}
        accepted |= {
            f"{one.control}, which the whitelist accepts for {one.resource.name}"
            for one in whitelisted
            if one.resource.arn in finding.also
        }
        if not finding.closable or not accepted:
            return finding
        return replace(finding, blocked_by=f"closing it would also undo {'; '.join(sorted(accepted))}")

    return [spare(finding) for finding in findings]


def _unreadable(findings: list[Finding]) -> list[str]:
    """What could not be read, with code and request id, and what to do about it."""
    unread = sorted({f"{finding.resource.name} ({one})" for finding in findings for one in finding.unread})
    advice = sorted({one.advice() for finding in findings for one in finding.unread})
    if not unread:
        return []
    shown = "; ".join(unread[:5]) + (f"; and {len(unread) - 5} more (see unread)" if len(unread) > 5 else "")
    return [f"Not everything could be read, so it counts as unknown: {shown}.{''.join(advice)}"]


def _ceiling(max_changes: str | None) -> Callable[[Plan, set[str]], str | None]:
    """A function of a plan and the ARNs examined: the sentence that stops the run, or None.

    What is only made so that an examined resource can be changed does not count.
    """
    if not max_changes:
        return lambda _plan, _examined: None
    number, percent, rest = str(max_changes).strip().partition("%")
    if not number.strip().isdecimal() or rest or (percent and int(number) > 100):
        raise OptionError(
            f"max_changes {max_changes!r} is neither a number of resources (25) nor a percentage of the examined (5%)."
        )

    def check(plan: Plan, examined: set[str]) -> str | None:
        touched = len(examined.intersection(plan.by_resource()))
        allowed = len(examined) * int(number) // 100 if percent else int(number)
        if touched <= allowed:
            return None
        much = f"{touched} of {len(examined)} resources"
        return f"{much} would be changed, and max_changes allows {max_changes} ({allowed})."

    return check
