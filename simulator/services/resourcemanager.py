# SPDX-License-Identifier: GPL-3.0-or-later
"""ResourceManager 2020-03-31: service-linked roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError
from simulator.parameters import Text
from simulator.registry import Product

from . import alb, ram, slb

if TYPE_CHECKING:
    from simulator.call import Call

resourcemanager = Product(
    "resourcemanager",
    version="2020-03-31",
    hosts=("resourcemanager.aliyuncs.com",),
    ram="ram",
    denial=("NoPermission", 403),
)


@resourcemanager.action(
    "CreateServiceLinkedRole",
    writes=True,
    resource=lambda call: ram.service_role_arn(call, call.params["ServiceName"]),
    context=lambda call: {"ram:ServiceName": call.params["ServiceName"]},
    params={"ServiceName": Text(required=True), "Description": Text()},
)
def create_service_linked_role(call: Call) -> dict[str, Any]:
    """Make the role of a service. Status and code for one that is there are UNCONFIRMED."""
    service = call.params["ServiceName"]
    if service not in ram.SERVICES:
        raise ApiError("InvalidParameter.ServiceName", f"The service {service} does not exist.", 400)
    roles = ram.section.of(call.account).roles
    if ram.SERVICES[service] in roles:
        raise ApiError("EntityAlreadyExists.Role", f"The role already exists: {ram.SERVICES[service]}.", 409)
    return {"Role": ram.show(call.account, ram.add_service_role(call.account, service))}


@resourcemanager.action(
    "DeleteServiceLinkedRole",
    writes=True,
    resource=lambda call: ram.role_arn(call, call.params["RoleName"]),
    context=lambda call: {"ram:ServiceName": ram.service_of(call.params["RoleName"])},
    params={"RoleName": Text(required=True)},
)
def delete_service_linked_role(call: Call) -> dict[str, Any]:
    """Begin to delete the role of a service; one that is in use stays, and only its deletion's status would tell."""
    name = call.params["RoleName"]
    role = ram.find_role(call, name)
    if not role.service:
        raise ApiError("InvalidParameter.RoleName", f"The role is not a service linked role: {name}.", 400)
    if not _in_use(call, role.service):
        del ram.section.of(call.account).roles[name]
    return {"DeletionTaskId": f"task/acs-service-role/{name}/{call.request_id}"}


def _in_use(call: Call, service: str) -> bool:
    products = {"logdelivery.slb.aliyuncs.com": slb.section, alb.SERVICE: alb.section}
    balancers = products[service].of(call.account).load_balancers.values() if service in products else ()
    return any(each.access_log for each in balancers)
