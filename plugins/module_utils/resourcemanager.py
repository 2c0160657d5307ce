# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles that let a service work for the account: looked for in RAM, made and deleted by ResourceManager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import CloudError
from .writes import Write

if TYPE_CHECKING:
    from .cloud import Cloud

NO_ROLE = "EntityNotExist.Role"


def has_role(cloud: Cloud, name: str) -> bool:
    """Whether the account has this role."""
    try:
        cloud.rpc("ram", "GetRole", {"RoleName": name})
    except CloudError as error:
        if error.code == NO_ROLE:
            return False
        raise
    return True


def create_service_role(cloud: Cloud, params: dict) -> None:
    """Make the role of the service params["ServiceName"], unless it is there already."""
    try:
        cloud.rpc("resourcemanager", "CreateServiceLinkedRole", {"ServiceName": params["ServiceName"]})
    except CloudError as error:
        if not error.code.startswith("EntityAlreadyExist"):
            raise


def _refuses(_unused: Cloud, params: dict) -> str | None:
    """Why a role must not be deleted: what the run found set already (params["used"]) works by it."""
    return "what was set before it was made works only with it, so its service keeps it" if params.get("used") else None


def delete_service_role(cloud: Cloud, params: dict) -> None:
    """Delete a service's role. The service itself keeps one that it still needs."""
    try:
        cloud.rpc("resourcemanager", "DeleteServiceLinkedRole", {"RoleName": params["RoleName"]})
    except CloudError as error:
        if error.code != NO_ROLE:
            raise


WRITES = {
    "CreateServiceLinkedRole": Write(
        setting="service-linked role",
        send=create_service_role,
        holds=lambda cloud, params: has_role(cloud, params["RoleName"]),
    ),
    "DeleteServiceLinkedRole": Write(
        setting="service-linked role",
        send=delete_service_role,
        holds=lambda cloud, params: not has_role(cloud, params["RoleName"]),
        refuses=_refuses,
    ),
}
