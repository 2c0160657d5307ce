# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything of Ansible that a module needs which runs on the servers themselves, where there is no account to look at.

It is apart from enforce.py since a server has neither the SDKs nor, perhaps, a Python newer than 3.8.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Callable

from ansible.module_utils.basic import AnsibleModule

from .errors import HardeningError


def tell(spec: dict, look: Callable[[SimpleNamespace], dict]) -> None:
    """A module that changes nothing: look gives its results, unread among them.

    If unread is not empty, the module fails at its end, with everything that was found.
    """
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    try:
        found = look(SimpleNamespace(**module.params))
    except HardeningError as error:
        module.fail_json(msg=str(error))
    gaps = [f"{one['what']} ({one['action']}: {one['message']}, {one['code']})" for one in found["unread"]]
    if gaps:
        module.fail_json(msg=f"Not everything could be read: {'; '.join(gaps)}.", changed=False, **found)
    module.exit_json(changed=False, **found)
