# SPDX-License-Identifier: GPL-3.0-or-later
"""What the delivery of access logs needs: a Log Service project, a logstore with an index, and a role for CLBs.

What there is, is read here; the changes that make what is missing are pure. They belong to resources of their own,
which many load balancers share, so each load balancer's change names them as what it needs.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from .errors import CloudError, OptionError, Unread
from .resourcemanager import has_role
from .sls import Place
from .values import Call, Change, Resource

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import SimpleNamespace

    from .balancers import Balancer
    from .cloud import Cloud

T = TypeVar("T")

PROJECT, LOGSTORE = "hardening-slb-{account_id}-{region}", "{type}-access-log"
NAME = {"log_project": r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "log_store": r"[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]"}
SAMPLE = {"region": "ap-southeast-1", "type": "clb"}
SERVICE = "logdelivery.slb.aliyuncs.com"
ROLE, OLDER_ROLE = "AliyunServiceRoleForSlbLogDelivery", "AliyunLogArchiveRole"
STARTED = time.time()
OWNER = re.compile(r"acs:log:[^:]*:(\d+):project/")

Target = tuple[str, str]


@dataclass(frozen=True)
class Delivery:
    """What was read. places: (region, project, logstore) to its Place, Unread where it could not be read.

    role: whether a role exists that lets SLB deliver; None where nobody needed to know. awaited: CLBs have settings
    already that deliver nothing without it.
    """

    account_id: str
    places: dict[tuple[str, str, str], Place | Unread]
    role: bool | Unread | None = None
    awaited: bool = False


def check_names(options: SimpleNamespace, account_id: str) -> None:
    """OptionError where log_project or log_store don't make names that Log Service takes."""
    for option, template in (
        ("log_project", options.log_project or PROJECT),
        ("log_store", options.log_store or LOGSTORE),
    ):
        known = {
            "account_id": account_id,
            "region": SAMPLE["region"],
            **({"type": "clb"} if option == "log_store" else {}),
        }
        try:
            name = template.format(**known)
        except (KeyError, IndexError, ValueError, AttributeError):
            places = ", ".join(f"{{{place}}}" for place in known)
            raise OptionError(f"{option}: {template!r} may hold {places}, and no other braces.") from None
        if not re.fullmatch(NAME[option], name):
            raise OptionError(
                f"{option}: {name!r} is no name for Log Service: 3 to 63 lower-case letters, digits and hyphens"
                f"{' or underscores' if option == 'log_store' else ''}, with a letter or digit at both ends."
            )
    if not 1 <= options.retention_days <= 3650:
        raise OptionError("retention_days must be from 1 to 3650, which is for ever.")


def target(options: SimpleNamespace, account_id: str, region: str, kind: str) -> Target:
    """The project and logstore that the logs of a region's load balancers of a kind are sent to."""
    project = (options.log_project or PROJECT).format(account_id=account_id, region=region)
    logstore = (options.log_store or LOGSTORE).format(account_id=account_id, region=region, type=kind)
    return project, logstore


def chosen(options: SimpleNamespace) -> bool:
    """Somebody chose the target, so that what logs elsewhere is to be moved."""
    return bool(options.log_project or options.log_store)


def read_delivery(cloud: Cloud, options: SimpleNamespace, loggers: list[Balancer]) -> Delivery:
    """What there is of what these load balancers need, which are those that can log.

    The place that each logs to is looked at with one call, however many log to it; the target only where one of them
    has to be sent there. Without either, Log Service is not called at all. The index is looked at where this collection
    makes it: in a logstore of its own choice. Whether logs can be searched elsewhere is somebody else's matter.
    """
    account = cloud.account_id
    readable = [one for one in loggers if not isinstance(one.log, Unread)]
    live = {(one.resource.region, *one.log) for one in readable if one.log}
    wanted = {one.resource.arn: _place_for(one, options, account) for one in readable}
    lost = {wanted[one.resource.arn] for one in readable if misplaced(one, options, account)}
    classic = [one for one in readable if one.kind == "clb"]
    own = live & set(wanted.values())
    role, places = _look(cloud, live, lost | own, role=bool(classic))
    dangling = {wanted[one.resource.arn] for one in readable if strays(one, options, account, places)} - lost
    places |= _look(cloud, set(), dangling, role=False)[1]
    _warn_of_retention(cloud, options, {place: places[place] for place in lost | dangling})
    return Delivery(account, places, role, awaited=any(one.log for one in classic))


def _place_for(balancer: Balancer, options: SimpleNamespace, account_id: str) -> tuple[str, str, str]:
    region = balancer.resource.region
    return (region, *target(options, account_id, region, balancer.kind))


def misplaced(balancer: Balancer, options: SimpleNamespace, account_id: str) -> bool:
    """Its logs are off, or go elsewhere than somebody wants: that needs no look at Log Service."""
    if balancer.log is None:
        return True
    return chosen(options) and (balancer.resource.region, *balancer.log) != _place_for(balancer, options, account_id)


def strays(balancer: Balancer, options: SimpleNamespace, account_id: str, places: dict) -> bool:
    """Its logs go nowhere, or not where somebody wants them, or can't be searched there."""
    place = places.get((balancer.resource.region, *balancer.log)) if balancer.log else None
    if isinstance(place, Unread):
        return False
    return misplaced(balancer, options, account_id) or not place.there or place.indexed is False


def _look(
    cloud: Cloud, live: set[tuple[str, str, str]], wanted: set[tuple[str, str, str]], *, role: bool
) -> tuple[bool | Unread | None, dict]:
    """The role, if that is to be looked for, and the places, of wanted ones the index too: all side by side.

    One project's places are looked at in turn: where the first one finds no project, the others need no call.
    """
    projects: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for place in sorted(live | wanted):
        projects.setdefault(place[:2], []).append(place)
    found: dict = {}

    def look(project: list[tuple[str, str, str]]) -> None:
        missing = None
        for place in project:
            found[place] = missing or _attempt(lambda place=place: cloud.sls.place(*place, index=place in wanted))
            missing = found[place] if isinstance(found[place], Place) and not found[place].project else None

    def role_of(_unused: object) -> bool | Unread:
        return _attempt(lambda: has_role(cloud, ROLE) or has_role(cloud, OLDER_ROLE))

    asks = [(role_of, None)] if role else []
    answers = cloud.map(lambda ask: ask[0](ask[1]), [*asks, *((look, project) for project in projects.values())])
    return (answers[0] if role else None), found


def _attempt(read: Callable[[], T]) -> T | Unread:
    try:
        return read()
    except CloudError as error:
        return Unread.of(error)


def _warn_of_retention(cloud: Cloud, options: SimpleNamespace, places: dict) -> None:
    for (_unused, project, logstore), place in places.items():
        if not isinstance(place, Unread) and place.there and place.days < options.retention_days:
            sentence = (
                f"The logstore {project}/{logstore} keeps logs for {place.days} days, and retention_days is "
                f"{options.retention_days}: a logstore that is there is not changed."
            )
            if sentence not in cloud.warnings:
                cloud.warnings.append(sentence)


# Pure: what stands in the way, and what makes the rest


def role_for(delivery: Delivery, kind: str) -> bool | Unread:
    """Whether what delivers the logs of load balancers of a kind has its role; True for ALBs: none is looked for."""
    return delivery.role if kind == "clb" else True


def obstacle(
    options: SimpleNamespace, delivery: Delivery, region: str, wanted: Target, kind: str
) -> tuple[str | None, tuple[Unread, ...]]:
    """Why logs can't be sent to a target, with what could not be read to know better."""
    place = delivery.places[(region, *wanted)]
    if isinstance(place, Unread):
        owner = OWNER.search(place.message)
        if owner and owner[1] != delivery.account_id:
            return (
                f"the Log Service project {wanted[0]} belongs to another account: choose another name with log_project"
            ), ()
        return f"whether {'/'.join(wanted)} exists in Log Service could not be read", (place,)
    # A name without a region is one that somebody chose, so each region that was looked at wants it.
    sharing = sorted({each for each, *_unused in delivery.places if _project(options, delivery, each) == wanted[0]})
    if len(sharing) > 1 and not place.project:
        return (
            f"log_project wants the project {wanted[0]} for {', '.join(sharing)}, and a project lies in one region: "
            "put {region} into its name, or give regions"
        ), ()
    role = role_for(delivery, kind)
    if isinstance(role, Unread):
        return "whether SLB has a role for the delivery could not be read", (role,)
    return None, ()


def _project(options: SimpleNamespace, delivery: Delivery, region: str) -> str:
    return target(options, delivery.account_id, region, "clb")[0]


def prepare(
    options: SimpleNamespace, delivery: Delivery, region: str, wanted: Target, kind: str
) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """The changes that make what a target lacks, in order, and the ARNs that a load balancer's own change needs.

    An index that was not looked at is not missed.
    """
    project, logstore = _resources(delivery.account_id, region, wanted)
    place = delivery.places[(region, *wanted)]
    changes = []
    if role_for(delivery, kind) is False:
        changes.append(_make_role(_role_of(delivery.account_id), delivery.awaited))
    if not place.project:
        stores = sorted({target(options, delivery.account_id, region, each)[1] for each in ("clb", "alb")})
        changes.append(_make_project(project, stores))
    if not place.there:
        changes.append(_make_logstore(logstore, project, wanted, options.retention_days))
    if not place.there or place.indexed is False:
        changes.append(_make_index(logstore, project, wanted))
    roles = (_role_of(delivery.account_id).arn,) if kind == "clb" else ()
    return tuple(changes), (*roles, project.arn, logstore.arn)


def _resources(account: str, region: str, wanted: Target) -> tuple[Resource, Resource]:
    project, logstore = wanted
    arn = f"acs:log:{region}:{account}:project/{project}"
    return (
        Resource(arn, "ACS::SLS::Project", project, project, region, account),
        Resource(
            f"{arn}/logstore/{logstore}", "ACS::SLS::LogStore", "/".join(wanted), "/".join(wanted), region, account
        ),
    )


def _role_of(account: str) -> Resource:
    return Resource(f"acs:ram:*:{account}:role/{ROLE.lower()}", "ACS::RAM::Role", ROLE, ROLE, "", account)


def _make_role(role: Resource, used: bool) -> Change:
    params = {"ServiceName": SERVICE, "RoleName": ROLE}
    call = Call("resourcemanager", "CreateServiceLinkedRole", params)
    undo = Call("resourcemanager", "DeleteServiceLinkedRole", {**params, "used": True} if used else params)
    return Change(role, call, undo, "", f"service-linked role: {ROLE}")


def _make_project(project: Resource, logstores: list[str]) -> Change:
    at = {"region": project.region, "project": project.id}
    call = Call("sls", "CreateProject", {**at, "description": "Access logs of load balancers"})
    undo = Call("sls", "DeleteProject", {**at, "logstores": logstores})
    return Change(project, call, undo, "", f"project: {project.id}")


def _make_logstore(logstore: Resource, project: Resource, wanted: Target, days: int) -> Change:
    at = {"region": project.region, "project": wanted[0], "logstore": wanted[1]}
    call, undo = Call("sls", "CreateLogStore", {**at, "days": days}), Call("sls", "DeleteLogStore", at)
    kept = "for ever" if days == 3650 else f"for {days} days"
    return Change(logstore, call, undo, "", f"logstore: {wanted[1]}, logs kept {kept}", (project.arn,))


def _make_index(logstore: Resource, project: Resource, wanted: Target) -> Change:
    at = {"region": project.region, "project": wanted[0], "logstore": wanted[1]}
    call, undo = Call("sls", "CreateIndex", at), Call("sls", "DeleteIndex", at)
    return Change(logstore, call, undo, "", "index: full text", (project.arn,))


def arrived(cloud: Cloud, place: tuple[str, str, str]) -> bool:
    """Whether a logstore, given as region, project and name, got an entry since this run began."""
    region, project, logstore = place
    # The cloud's clock and this one may differ by a little.
    return cloud.sls.searchable({"region": region, "project": project, "logstore": logstore}, STARTED - 60)
