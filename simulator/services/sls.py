# SPDX-License-Identifier: GPL-3.0-or-later
"""Log Service: projects, logstores, their indexes, and the entries that other products deliver."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError, EstateError, LoudError
from simulator.parameters import Bool, Int, Json, Text
from simulator.registry import Product, Section, known_keys
from simulator.wires.sls import Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.call import Call
    from simulator.estate import Account, World

PROJECT = r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"
LOGSTORE = r"[a-z0-9][a-z0-9_-]{0,61}[a-z0-9]"
FOREVER = 3650  # days; what a retention of more than ten years is called
CREATED = 1_700_000_000  # when what an estate begins with was made
CURSOR = "MTY5Mz"  # how every cursor begins; then comes the place in the log


class _Sls(Product):
    """Log Service words its common errors in its own way."""

    def denied(self, permission: str, resource: str) -> ApiError:
        return ApiError("Unauthorized", f"denied by sts or ram, action: {permission}, resource: {resource}", 401)

    def missing(self, name: str) -> ApiError:
        return ApiError("ParameterInvalid", f"{name} is required", 400)


# The code of a throttled read or write is UNCONFIRMED.
sls = _Sls("sls", wire="sls", ram="log", throttling=("ReadQuotaExceed", 403, "read quota exceed"))


# --- state ---------------------------------------------------------------------------------------------------------


@dataclass
class Logstore:
    """One logstore. `ttl` is in days; `index` is None without one; `logs` holds the entries, oldest first."""

    name: str
    ttl: int = 30
    shards: int = 2
    index: Mapping[str, Any] | None = None
    logs: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Project:
    """One project; its name is nobody else's, in any account or region."""

    name: str
    region: str
    description: str = ""
    logstores: dict[str, Logstore] = field(default_factory=dict)


@dataclass
class Sls:
    """An account's Log Service."""

    projects: dict[str, Project] = field(default_factory=dict)


def _load(data: Mapping[str, Any] | None, account: Account) -> Sls:
    data = data or {}
    known_keys(data, {"projects"}, f"account {account.id}: sls")
    state = Sls()
    for entry in data.get("projects") or []:
        where = f"project {entry.get('name')}"
        known_keys(entry, set(Project.__dataclass_fields__), where)
        if not entry.get("name") or entry.get("region") not in account.regions:
            raise EstateError(f"{where}: a name and a region of the account are needed")
        logstores = {each.name: each for each in map(_load_logstore, entry.get("logstores") or [])}
        state.projects[entry["name"]] = Project(**(entry | {"logstores": logstores}))
    return state


def _load_logstore(entry: Mapping[str, Any]) -> Logstore:
    known_keys(entry, set(Logstore.__dataclass_fields__), f"logstore {entry.get('name')}")
    if not entry.get("name"):
        raise EstateError("a logstore needs a name")
    return Logstore(**(entry | {"logs": [dict(each) for each in entry.get("logs") or []]}))


def _dump(state: Sls) -> dict[str, Any]:
    return {
        "projects": [
            vars(project) | {"logstores": [dict(vars(store)) for _unused, store in sorted(project.logstores.items())]}
            for _unused, project in sorted(state.projects.items())
        ]
    }


def _check(world: World) -> None:
    names = [name for account in world.accounts.values() for name in section.of(account).projects]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise EstateError(f"Log Service project {', '.join(sorted(twice))} is there twice: names are global")


section = Section("sls", _load, _dump, _check)


def find_logstore(account: Account, region: str, project: str, logstore: str) -> Logstore | None:
    """Find a logstore of the account in a region; for the products that deliver into it."""
    found = section.of(account).projects.get(project)
    return found.logstores.get(logstore) if found and found.region == region else None


# --- projects ------------------------------------------------------------------------------------------------------


def _arn(call: Call, *, store: bool = False) -> str:
    project = call.params.get("project") or call.params.get("projectName") or "*"
    return call.arn(f"project/{project}" + (f"/logstore/{call.params['logstore']}" if store else ""))


def _in_store(call: Call) -> str:
    return _arn(call, store=True)


def _project(call: Call) -> Project:
    name = call.params.get("project", "")
    found = section.of(call.account).projects.get(name)
    if found and call.region in ("", found.region):
        return found
    # A project of another account is refused as if RAM had done it, with its owner's number in the resource.
    for account in call.world.accounts.values():
        foreign = section.of(account).projects.get(name)
        if foreign and account is not call.account and call.region in ("", foreign.region):
            resource = f"acs:log:{foreign.region}:{account.id}:project/{name}"
            raise call.product.denied(f"log:{call.action.name}", resource)
    raise ApiError("ProjectNotExist", f"The Project does not exist : {name}", 404)


IN_PROJECT = {"project": Text(required=True)}


@sls.action(
    "CreateProject",
    writes=True,
    resource=_arn,
    route=Route("POST", "/"),
    params={
        "project": Text(),
        "projectName": Text(required=True, pattern=PROJECT, error="ParameterInvalid"),
        "description": Text(default=""),
        "resourceGroupId": Text(),
        "dataRedundancyType": Text(choices=("LRS", "ZRS")),
        "recycleBinEnabled": Bool(),
    },
)
def create_project(call: Call) -> None:
    """Make a project in the region that the host names."""
    name = call.params["projectName"]
    if call.region not in call.account.regions:
        raise LoudError("ParameterInvalid", f"The simulator can't tell in which region to make {name}.", 400)
    if any(name in section.of(account).projects for account in call.world.accounts.values()):
        raise ApiError("ProjectAlreadyExist", f"Project {name} already exist", 400)
    section.of(call.account).projects[name] = Project(name, call.region, call.params["description"])


@sls.action("GetProject", resource=_arn, route=Route("GET", "/"), params=IN_PROJECT)
def get_project(call: Call) -> dict[str, Any]:
    """Describe a project."""
    project = _project(call)
    return {
        "projectName": project.name,
        "status": "Normal",
        "owner": call.account.id,
        "description": project.description,
        "region": project.region,
        "createTime": str(CREATED),
        "lastModifyTime": str(CREATED),
        "resourceGroupId": "",
        "dataRedundancyType": "LRS",
    }


@sls.action("DeleteProject", writes=True, resource=_arn, route=Route("DELETE", "/"), params=IN_PROJECT)
def delete_project(call: Call) -> None:
    """Delete a project with everything in it."""
    del section.of(call.account).projects[_project(call).name]


# --- logstores -----------------------------------------------------------------------------------------------------

IN_STORE = {**IN_PROJECT, "logstore": Text(required=True)}


def _logstore(call: Call) -> Logstore:
    found = _project(call).logstores.get(call.params["logstore"])
    if found is None:
        raise ApiError("LogStoreNotExist", f"logstore {call.params['logstore']} does not exist", 404)
    return found


@sls.action(
    "ListLogStores",
    resource=lambda call: _arn(call) + "/logstore/*",
    route=Route("GET", "/logstores"),
    params={**IN_PROJECT, "offset": Int(0, default=0), "size": Int(1, 500, default=200), "logstoreName": Text()},
)
def list_logstores(call: Call) -> dict[str, Any]:
    """List the names of a project's logstores."""
    names = sorted(name for name in _project(call).logstores if call.params.get("logstoreName", "") in name)
    page = names[call.params["offset"] :][: call.params["size"]]
    return {"count": len(page), "total": len(names), "logstores": page}


@sls.action(
    "CreateLogStore",
    writes=True,
    resource=lambda call: _arn(call) + f"/logstore/{call.params['logstoreName']}",
    route=Route("POST", "/logstores"),
    params={
        **IN_PROJECT,
        "logstoreName": Text(required=True, pattern=LOGSTORE, error="LogStoreInfoInvalid"),
        "ttl": Int(1, FOREVER, required=True, error="LogStoreInfoInvalid"),
        "shardCount": Int(1, 10, default=2, error="LogStoreInfoInvalid"),
        "autoSplit": Bool(),
        "maxSplitShard": Int(1, 256),
        "enable_tracking": Bool(),
        "appendMeta": Bool(),
        "telemetryType": Text(),
        "mode": Text(choices=("standard", "query")),
    },
)
def create_logstore(call: Call) -> None:
    """Make a logstore without an index."""
    project, name = _project(call), call.params["logstoreName"]
    if name in project.logstores:
        raise ApiError("LogStoreAlreadyExist", f"logstore {name} already exists", 400)
    project.logstores[name] = Logstore(name, call.params["ttl"], call.params["shardCount"])


@sls.action("GetLogStore", resource=_in_store, route=Route("GET", "/logstores/{logstore}"), params=IN_STORE)
def get_logstore(call: Call) -> dict[str, Any]:
    """Describe a logstore."""
    store = _logstore(call)
    return {
        "logstoreName": store.name,
        "ttl": store.ttl,
        "shardCount": store.shards,
        "enable_tracking": False,
        "autoSplit": True,
        "maxSplitShard": 64,
        "appendMeta": False,
        "telemetryType": "",
        "mode": "standard",
        "createTime": CREATED,
        "lastModifyTime": CREATED,
    }


@sls.action(
    "DeleteLogStore", writes=True, resource=_in_store, route=Route("DELETE", "/logstores/{logstore}"), params=IN_STORE
)
def delete_logstore(call: Call) -> None:
    """Delete a logstore with its entries."""
    store = _logstore(call)
    del _project(call).logstores[store.name]


# --- indexes -------------------------------------------------------------------------------------------------------

INDEX = "/logstores/{logstore}/index"


@sls.action(
    "CreateIndex",
    writes=True,
    resource=_in_store,
    route=Route("POST", INDEX),
    params={
        **IN_STORE,
        "line": Json(),
        "keys": Json(),
        "ttl": Int(),
        "max_text_len": Int(),
        "log_reduce": Bool(),
        "scan_index": Bool(),
    },
)
def create_index(call: Call) -> None:
    """Give a logstore its index."""
    store = _logstore(call)
    if store.index is not None:
        raise ApiError("IndexAlreadyExist", "log store index is already created", 400)
    index = {name: call.params[name] for name in ("line", "keys") if call.params.get(name)}
    if not index:
        raise ApiError("IndexInfoInvalid", "line or keys is required", 400)
    store.index = index


@sls.action("GetIndex", resource=_in_store, route=Route("GET", INDEX), params=IN_STORE)
def get_index(call: Call) -> dict[str, Any]:
    """Describe a logstore's index."""
    store = _logstore(call)
    return {"index_mode": "v2", "ttl": store.ttl, "lastModifyTime": CREATED, **_index(store)}


@sls.action("DeleteIndex", writes=True, resource=_in_store, route=Route("DELETE", INDEX), params=IN_STORE)
def delete_index(call: Call) -> None:
    """Take a logstore's index away."""
    store = _logstore(call)
    _index(store)
    store.index = None


def _index(store: Logstore) -> Mapping[str, Any]:
    if store.index is None:
        raise ApiError("IndexConfigNotExist", "logstore without index config", 404)
    return store.index


# --- entries -------------------------------------------------------------------------------------------------------


def deliver(store: Logstore, **entry: str) -> None:
    """Put an entry into a logstore, now."""
    store.logs.append({"__time__": str(int(time.time())), **entry})


SEARCH = {
    **IN_STORE,
    "from": Int(required=True),
    "to": Int(required=True),
    "line": Int(-1, 100, default=100),
    "offset": Int(0, default=0),
    "reverse": Bool(default=False),
    "query": Text(choices=("*",)),
    "powerSql": Bool(),
    "accurate": Bool(),
    "forward": Bool(),
    "fromNs": Int(),
    "toNs": Int(),
}


def _search(call: Call) -> list[dict[str, str]]:
    store = _logstore(call)
    _index(store)
    begin, end = call.params["from"], call.params["to"]
    found = [entry for entry in store.logs if begin <= int(entry["__time__"]) < end]
    ordered = found[::-1] if call.params["reverse"] else found
    return [{"__source__": "", **entry} for entry in ordered[call.params["offset"] :][: call.params["line"]]]


@sls.action(
    "GetLogs",
    permission="log:GetLogStoreLogs",
    resource=_in_store,
    route=Route("GET", "/logstores/{logstore}", "log"),
    params=SEARCH,
)
def get_logs(call: Call) -> list[dict[str, str]]:
    """Search the indexed entries of a time (seconds since the epoch; the end is left out)."""
    return _search(call)


@sls.action(
    "GetLogsV2",
    permission="log:GetLogStoreLogs",
    resource=_in_store,
    route=Route("POST", "/logstores/{logstore}/logs"),
    params=SEARCH,
)
def get_logs_v2(call: Call) -> dict[str, Any]:
    """Do what GetLogs does, asked and answered in documents; never compressed."""
    data = _search(call)
    return {"meta": {"progress": "Complete", "count": len(data), "hasSQL": False}, "data": data}


@sls.action("ListShards", resource=_in_store, route=Route("GET", "/logstores/{logstore}/shards"), params=IN_STORE)
def list_shards(call: Call) -> list[dict[str, Any]]:
    """List a logstore's shards."""
    return [
        {"shardID": number, "status": "readwrite", "createTime": CREATED} for number in range(_logstore(call).shards)
    ]


@sls.action(
    "GetCursor",
    permission="log:GetCursorOrData",
    resource=_in_store,
    route=Route("GET", "/logstores/{logstore}/shards/{shard}", "cursor"),
    params={**IN_STORE, "shard": Int(required=True), "from": Text(required=True, choices=("begin", "end"))},
)
def get_cursor(call: Call) -> dict[str, str]:
    """Give the cursor of a shard's begin or end; all entries are in the first shard."""
    store, shard = _logstore(call), call.params["shard"]
    if shard >= store.shards:
        raise ApiError("ShardNotExist", f"Shard {shard} does not exist", 404)
    place = len(store.logs) if shard == 0 and call.params["from"] == "end" else 0
    return {"cursor": f"{CURSOR}{shard}-{place}=="}
