# SPDX-License-Identifier: GPL-3.0-or-later
"""Events in the form in which LookupEvents shows them: of the estate's history, and of calls just answered."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from simulator.moments import now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.call import Call

SERVICES = {"resourcemanager": "ResourceManager"}  # what is more than a capital letter
# Parameters that name a resource, by product.
TYPES = {
    ("ecs", "SecurityGroupId"): "ACS::ECS::SecurityGroup",
    ("ecs", "InstanceId"): "ACS::ECS::Instance",
    ("ecs", "NetworkInterfaceId"): "ACS::ECS::NetworkInterface",
    ("ecs", "PrefixListId"): "ACS::ECS::PrefixList",
    ("vpc", "AllocationId"): "ACS::EIP::EipAddress",
    ("vpc", "ForwardTableId"): "ACS::NAT::ForwardTable",
    ("vpc", "ForwardEntryId"): "ACS::NAT::ForwardEntry",
    ("slb", "LoadBalancerId"): "ACS::SLB::LoadBalancer",
    ("slb", "VServerGroupId"): "ACS::SLB::VServerGroup",
    ("slb", "AclId"): "ACS::SLB::AccessControlList",
    ("alb", "LoadBalancerId"): "ACS::ALB::LoadBalancer",
    ("alb", "ListenerId"): "ACS::ALB::Listener",
    ("alb", "ServerGroupId"): "ACS::ALB::ServerGroup",
    ("nlb", "LoadBalancerId"): "ACS::NLB::LoadBalancer",
    ("nlb", "ListenerId"): "ACS::NLB::Listener",
    ("nlb", "ServerGroupId"): "ACS::NLB::ServerGroup",
}


def of_call(call: Call) -> dict[str, Any]:
    """The event of a call that was answered, or refused."""
    sent = {"AcsHost": call.request.host, "AcsProduct": _service(call.product.name), "RequestId": call.request_id}
    if call.region:
        sent["RegionId"] = call.region
    answer = {**(call.outcome or {}), "RequestId": call.request_id} if call.error is None else None
    return {
        **_common(call.request_id, now(), call.action.name, _service(call.product.name), call.region),
        "apiVersion": call.product.version,
        "eventSource": call.request.host,
        "userAgent": call.request.headers.get("user-agent", ""),
        "sourceIpAddress": "127.0.0.1",
        "userIdentity": _caller(call),
        "requestParameters": call.raw | sent,
        "requestParameterJson": json.dumps(call.raw | sent),
        "responseElements": answer,
        **_named(call, answer or {}),
        **({"errorCode": call.error.code, "errorMessage": call.error.message} if call.error else {}),
    }


def _service(product: str) -> str:
    return SERVICES.get(product, product.capitalize())


def _common(name: str, moment: str, event: str, service: str, region: str) -> dict[str, Any]:
    return {
        "eventId": name,
        "requestId": name,
        "eventVersion": 1,
        "eventTime": moment,
        "eventName": event,
        "eventType": "ApiCall",
        "eventRW": "Write",
        "eventCategory": "Management",
        "serviceName": service,
        "acsRegion": region,
    }


def _caller(call: Call) -> dict[str, Any]:
    key, account = call.key, call.account.id
    kind = "root-account" if key.is_root else "assumed-role" if key.role else "ram-user"
    name = "root" if key.is_root else (key.role or key.user or "").replace("/", ":")
    return _identity(kind, name, account, key.id)


def _identity(kind: str, name: str, account: str, access_key: str) -> dict[str, Any]:
    number = account if kind == "root-account" else f"2{zlib.crc32(f'{account}/{name}'.encode()):017d}"
    return {
        "type": kind,
        "principalId": f"{number}:{name.partition(':')[2]}" if kind == "assumed-role" else number,
        "accountId": account,
        "accessKeyId": access_key,
        "userName": name,
        "sessionContext": {"attributes": {"mfaAuthenticated": "false"}},
    }


def _named(call: Call, answer: Mapping[str, Any]) -> dict[str, Any]:
    """The resources that the call names, or that its answer names first."""
    found: dict[str, list[str]] = {}
    for (product, name), kind in TYPES.items():
        value = call.raw.get(name) or answer.get(name)
        if product == call.product.name and isinstance(value, str):
            found[kind] = [value]
    return _resources(found)


def _resources(found: Mapping[str, list[str]]) -> dict[str, Any]:
    return {
        "referencedResources": dict(found),
        "resourceType": ";".join(found),
        "resourceName": ";".join(",".join(names) for names in found.values()),
    }


def of_history(entry: Mapping[str, Any], number: int, account: str) -> dict[str, Any]:
    """An event of the estate's history, the `number`th of them."""
    name = entry.get("id") or f"{number:08X}-E7E0-5A11-9000-{zlib.crc32(entry['event'].encode()):012X}"
    identity = _identity(entry.get("identity", "ram-user"), entry.get("user", ""), account, entry.get("access_key", ""))
    shown = {
        **_common(name, entry["time"], entry["event"], entry["service"], entry["region"]),
        "eventRW": entry.get("rw", "Write"),
        "eventSource": f"{entry['service'].lower()}.{entry['region']}.aliyuncs.com",
        "userAgent": entry.get("user_agent", ""),
        "sourceIpAddress": entry.get("source_ip", ""),
        "userIdentity": identity,
        "requestParameters": entry.get("request", {}),
        "requestParameterJson": json.dumps(entry.get("request", {})),
        "responseElements": entry.get("response"),
        **_resources(entry.get("resources", {})),
    }
    if entry.get("error_code"):
        shown |= {"errorCode": entry["error_code"], "errorMessage": entry.get("error_message", "")}
    return shown
