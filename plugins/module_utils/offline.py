# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything of Ansible that a module needs which asks no cloud: options, check mode, errors, exit.

Some of these modules run on servers, whose Python may be as old as 3.8, and which have none of the SDKs.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Callable

from ansible.module_utils.basic import AnsibleModule

from .errors import HardeningError


def conclude(spec: dict, think: Callable[[SimpleNamespace], dict]) -> None:
    """A module that gives its results from its options alone, the same with and without check mode."""
    module, results = _run(spec, think)
    module.exit_json(changed=False, **results)


def inform(spec: dict, look: Callable[[SimpleNamespace], dict]) -> None:
    """An info module: look gives its results, unread among them; if that is not empty, the module fails at its end."""
    module, found = _run(spec, look)
    gaps = [f"{one['what']} ({one['action']}: {one['message']}, {one['code']})" for one in found["unread"]]
    if gaps:
        module.fail_json(msg=f"Not everything could be read: {'; '.join(gaps)}.", changed=False, **found)
    module.exit_json(changed=False, **found)


def _run(spec: dict, work: Callable[[SimpleNamespace], dict]) -> tuple[AnsibleModule, dict]:
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    try:
        return module, work(SimpleNamespace(**module.params))
    except HardeningError as error:
        module.fail_json(msg=str(error))
        raise  # never reached: fail_json ends the module
