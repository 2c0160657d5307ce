# SPDX-License-Identifier: GPL-3.0-or-later
"""Having Security Center check resources again, and waiting until it has.

A refusal comes as a success (HTTP 200) with an OperateCode. One that throttles says how long to wait; every other one
is an error. What the answer to an accepted request has for an OperateCode is not documented, but it has a TaskId.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from .errors import CloudError, Unread
from .progress import progress
from .security_center import PAGE, Instance, Item, SecurityCenter, readable

VERIFY = "VerifyCheckInstanceResult"
UNSETTLED = ("NOT_PASS", "FAILED", "NOT_CHECK", "CHECKING")
REFUSALS = ("Throttling", "ActionTrialUnauthorized", "AuthorizationExhaust")
THROTTLED_SECONDS = 30  # where a throttled answer does not say how long
UNDER_WAY = ("0", "1", "6")  # the status codes of a task that is not over
LONGEST_PAUSE = 10.0
SPARE_LOOKS = 3  # at results that still are those of before, although no task is under way


@dataclass
class Check:
    """One item that is checked again: what it said before, what is known now, and the tasks under way.

    error: why it is not checked; blind: why its tasks could not be looked at, so that only its results tell.
    """

    item: Item
    before: dict[str, Instance]
    now: dict[str, Instance] = field(default_factory=dict)
    tasks: list[str] = field(default_factory=list)
    error: str = ""
    blind: str = ""

    def fresh(self, name: str) -> bool:
        """The result of this resource is a new one; what is gone has none to wait for."""
        now = self.now.get(name)
        return (
            now is None
            or now.status not in UNSETTLED
            or (now.status != "CHECKING" and now.updated > self.before[name].updated)
        )

    @property
    def checking(self) -> bool:
        """Security Center says that it is at it."""
        return bool(self.tasks) or any(one.status == "CHECKING" for one in self.now.values())

    def shown(self) -> dict:
        """The item as the result verification lists it."""
        left = {name: one for name, one in self.now.items() if one.status in UNSETTLED}
        return {
            "check_id": self.item.id,
            "name": self.item.name,
            "control": self.item.controls[0],
            "asked": sorted(self.before),
            "passed": sorted(set(self.before) - set(left)) if self.now or not self.error else [],
            "not_passed": sorted(name for name, one in left.items() if one.status != "CHECKING"),
            "pending": sorted(name for name, one in left.items() if one.status == "CHECKING"),
        }


def verify(center: SecurityCenter, timeout: float) -> tuple[list[dict], list[str]]:
    """Check every resource again that has not passed an item of our controls; what came of it, and what went wrong.

    timeout: seconds that all of it may take.
    """
    deadline = time.monotonic() + timeout
    items = [item for item in center.items() if item.controls and item.status != "WHITELIST"]
    checks = [check for check in center.together(lambda item: _before(center, item), items) if check.before]
    center.together(lambda check: _ask(center, check, deadline), checks)
    _wait(center, [check for check in checks if not check.error], deadline)
    errors = sorted({said for check in checks for said in (check.error, check.blind) if said})
    late = [check.item.name for check in checks if check.checking and not check.error]
    if late:
        errors.append(f"Security Center did not finish checking {', '.join(late)} within {timeout:g} seconds.")
    return [check.shown() for check in checks], errors


def _before(center: SecurityCenter, item: Item) -> Check:
    return Check(item, {one.id: one for one in center.instances(item) if one.status in UNSETTLED})


def _ask(center: SecurityCenter, check: Check, deadline: float) -> None:
    """Ask for the check of an item's resources, a page of them at a time; a refusal stands in check.error."""
    names = sorted(name for name, one in check.before.items() if one.status != "CHECKING")
    for start in range(0, len(names), PAGE):
        params = {"CheckId": check.item.id, "InstanceIds": names[start : start + PAGE]}
        answer = readable(lambda asked=params: _accepted(center, asked, deadline))
        if isinstance(answer, Unread):
            check.error = f"Security Center does not check {check.item.name} again: {answer}."
            return
        check.tasks += [answer] if answer else []


def _accepted(center: SecurityCenter, params: dict, deadline: float) -> str:
    """The task that was begun. A throttled request is sent again when it may be, if that is before the deadline."""
    while True:
        answer = center.call(VERIFY, params)
        data = answer.get("Data") or {}
        code, task = str(data.get("OperateCode") or ""), str(data.get("TaskId") or "")
        if not code or (task and code not in REFUSALS):
            return task
        request_id = str(answer.get("RequestId") or "")
        if code != "Throttling":
            raise CloudError(VERIFY, code, "the request was refused", request_id)
        seconds = float(data.get("ThrottlingTimeSecond") or THROTTLED_SECONDS)
        if time.monotonic() + seconds > deadline:
            said = f"asked to wait {seconds:g} seconds, which is more than verify_timeout leaves"
            raise CloudError(VERIFY, code, said, request_id)
        progress.held_up(f"{VERIFY}: {seconds:g} s")
        time.sleep(seconds)


def _wait(center: SecurityCenter, checks: list[Check], deadline: float) -> None:
    """Look until every result is a new one, or the time is up.

    Once nothing is under way, results that have not changed get a few more looks, and are then taken as they are.
    """
    pause, spare = 0.5, SPARE_LOOKS
    while True:
        center.together(lambda check: _look(center, check), checks)
        fresh = [check.fresh(name) for check in checks for name in check.before]
        spare -= 0 if any(check.checking for check in checks) else 1
        if all(fresh) or not spare or time.monotonic() + pause > deadline:
            return
        progress.waiting(sum(fresh), len(fresh), "Security Center checks again")
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def _look(center: SecurityCenter, check: Check) -> None:
    """Read the tasks first, so that results read after them are those of a task that is over."""
    check.tasks = [task for task in check.tasks if _is_under_way(center, check, task)]
    check.now = {one.id: one for one in center.instances(check.item) if one.id in check.before}


def _is_under_way(center: SecurityCenter, check: Check, task: str) -> bool:
    """What can't be told from the task has to be told by the results alone."""
    answer = readable(lambda: center.call("GetCheckProcess", {"TaskId": task}))
    if isinstance(answer, Unread):
        check.blind = f"How far Security Center is with {check.item.name} could not be read: {answer}."
        return False
    return str(answer.get("StatusCode")) in UNDER_WAY
