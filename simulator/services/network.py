# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the network's behaviour is not documented, so that an estate has to say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.registry import Section, known_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.estate import Account


@dataclass
class Network:
    """`groups_filter_balancers`: whether a server's groups are asked about connections that a load balancer of layer 4
    hands on with the client's address. UNCONFIRMED either way.
    """

    groups_filter_balancers: bool = False


def _load(data: Mapping[str, Any] | None, account: Account) -> Network:
    known_keys(data or {}, set(Network.__dataclass_fields__), f"account {account.id}: network")
    return Network(**(data or {}))


def _dump(state: Network) -> dict[str, Any]:
    return dict(vars(state))


section = Section("network", _load, _dump)
