# SPDX-License-Identifier: GPL-3.0-or-later
"""What every writing action is to the collection: how it is sent, and how to see whether its effect is there.

Each product keeps its own table, WRITES, beside its reading calls; this is the way in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from .errors import OptionError

if TYPE_CHECKING:
    from .cloud import Cloud
    from .values import Call


class Write(NamedTuple):
    """One writing action.

    setting: what it sets of its resource, or a function of its params that says so. Of two actions that set the same,
    only the later one's effect is left: a restore puts back what was before the first.
    refuses: for an undo that could destroy what came since: why it must not be sent, or None.
    """

    setting: str | Callable[[dict], str]
    send: Callable[[Cloud, dict], None]
    holds: Callable[[Cloud, dict], bool]
    refuses: Callable[[Cloud, dict], str | None] | None = None

    def setting_of(self, params: dict) -> str:
        """What a call with these params sets."""
        return self.setting if isinstance(self.setting, str) else self.setting(params)


def write(call: Call) -> Write:
    """The entry of a call's action; OptionError where the collection sends no such call."""
    try:
        return _table(call.product)[call.action]
    except KeyError:
        raise OptionError(f"This version of the collection changes nothing by {call.product} {call.action}.") from None


def _table(product: str) -> dict[str, Write]:
    # Loaded only for the product that is written to: every line of a module's files is compiled anew for each task.
    # Each import stands here in full, since Ansible packs what it finds imported.
    if product == "alb":
        from .alb import WRITES
    elif product == "ecs":
        from .security_groups import WRITES
    elif product == "oss":
        from .oss import WRITES
    elif product == "resourcemanager":
        from .resourcemanager import WRITES
    elif product == "sas":
        from .security_center_rules import WRITES
    elif product == "slb":
        from .slb import WRITES
    elif product == "sls":
        from .sls import WRITES
    else:
        raise KeyError(product)
    return WRITES
