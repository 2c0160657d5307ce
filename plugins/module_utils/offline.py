# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything of Ansible that a module needs which asks no cloud: options, check mode, errors, exit."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

from ansible.module_utils.basic import AnsibleModule

from .errors import HardeningError


def conclude(spec: dict, think: Callable[[SimpleNamespace], dict]) -> None:
    """A module that gives its results from its options alone, the same with and without check mode."""
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    try:
        results = think(SimpleNamespace(**module.params))
    except HardeningError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **results)
