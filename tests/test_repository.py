# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to agree with each other in this repository, and what must not be in it."""

from __future__ import annotations

import ast
import functools
import json
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jinja2.nativetypes import NativeEnvironment

from tests.harness import REGISTRY, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "ansible_collections.hardening.alicloud.plugins"
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem != "__init__")
PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
# Ansible brings these along, so plugins may use them anywhere.
WITH_ANSIBLE = {"ansible", "ansible_collections", "yaml", "jinja2"}
LANGUAGES = {"en", "ja", "zh"}
SEVERITIES = {"critical", "high", "medium", "low"}
SPDX = "SPDX-License-Identifier: GPL-3.0-or-later"
# Put together here, so that this file does not hold them itself.
FOREIGN = re.compile(
    "|".join((r"(?<![\w.$}])/" + "(?:work|root|Users)/", "index" + "-url", "/simple" + "/", "pypi" + r"\."))
)


def tree(path: Path) -> ast.Module:
    """A Python file, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def tracked() -> list[Path]:
    """Every file that belongs to the project."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def tracked_python() -> list[Path]:
    """Every Python file of the project."""
    return [path for path in tracked() if path.suffix == ".py" or path.name == "inv"]


# Modules


def asks_the_cloud(module: str) -> bool:
    """The module takes the options of a connection to the cloud."""
    text = (ROOT / "plugins" / "modules" / f"{module}.py").read_text(encoding="utf-8")
    return "- hardening.alicloud.connection\n" in text


CONNECTED = [module for module in MODULES if asks_the_cloud(module)]


@pytest.mark.parametrize("module", [module for module in CONNECTED if module not in {"restore", "account_lock"}])
def test_scenarios(module):
    """Every module of the cloud has scenarios; restore has those of the others, account_lock needs two runs at once."""
    assert yaml.safe_load((ROOT / "tests" / "scenarios" / f"{module}.yml").read_text(encoding="utf-8"))


def test_action_group():
    """The action group holds every module of the cloud, so that module_defaults reach all of them."""
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert sorted(runtime["action_groups"]["all"]) == CONNECTED


@functools.cache
def documented() -> dict[str, dict]:
    """What ansible-doc says of every module."""
    names = [f"hardening.alicloud.{module}" for module in MODULES]
    command = [Path(sys.executable).with_name("ansible-doc"), "--json", "--type", "module", *names]
    variables = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    shown = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=True).stdout
    return {name.rpartition(".")[2]: entry["doc"] for name, entry in json.loads(shown).items()}


class DeclaredError(Exception):
    """Carries the argument spec of a module out of its main."""


def declared(module: str, monkeypatch: pytest.MonkeyPatch) -> dict:
    """The argument spec of a module."""

    def stop(*_: object, argument_spec: dict, **__: object) -> None:
        raise DeclaredError(argument_spec)

    monkeypatch.setattr("ansible.module_utils.basic.AnsibleModule.__init__", stop)
    with pytest.raises(DeclaredError) as caught:
        import_module(f"{PACKAGE}.modules.{module}").main()
    return caught.value.args[0]


def shape(options: dict, nested: str) -> dict:
    """Of each option, what documentation and argument spec both say."""
    return {
        name: {
            "type": option.get("type", "str"),
            "elements": option.get("elements"),
            "default": option.get("default"),
            "choices": option.get("choices"),
            "required": option.get("required", False),
            "options": shape(option.get(nested) or {}, nested),
        }
        for name, option in options.items()
    }


@pytest.mark.parametrize("module", MODULES)
def test_documented_options(module, monkeypatch, collection):  # noqa: ARG001
    """A module's documentation describes exactly the options that it takes."""
    assert shape(documented()[module]["options"], "suboptions") == shape(declared(module, monkeypatch), "options")


@pytest.mark.parametrize("module", MODULES)
def test_rites(module):
    """A module leaves check mode, errors, exits and waiting to the shared floor."""
    nodes = list(ast.walk(tree(ROOT / "plugins" / "modules" / f"{module}.py")))
    words = {getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "arg", None) for node in nodes}
    assert words & {"check_mode", "fail_json", "exit_json", "sleep", "time", "AnsibleModule"} == set()
    assert [node.lineno for node in nodes if isinstance(node, ast.Try)] == []


# Imports


def imported(path: Path) -> Iterator[str]:
    """The names of the packages that a file imports, at its top or later."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


def test_each_sdk_in_one_file():
    """Each library that is not part of Python or Ansible is imported in exactly one file of the plugins."""
    users: dict[str, set[str]] = {}
    for path in PLUGINS:
        for package in set(imported(path)) - sys.stdlib_module_names - WITH_ANSIBLE:
            users.setdefault(package, set()).add(path.name)
    assert {"aliyunsdkcore", "oss2", "alibabacloud_credentials"} <= set(users)
    assert {package: files for package, files in users.items() if len(files) > 1} == {}


def test_plugins_know_no_simulator():
    """Nothing that is shipped needs the simulator or the tests."""
    assert [path.name for path in PLUGINS if {"simulator", "tests", "benchmarks"} & set(imported(path))] == []


# Controls


def controls() -> dict[str, dict]:
    """The catalogue."""
    return import_module(f"{PACKAGE}.module_utils.controls").CONTROLS


@pytest.mark.parametrize("control", sorted(controls()))
def test_control(control):
    """A control has all that reports say of it, and a module and a role that are there."""
    entry = controls()[control]
    assert set(entry["title"]) == LANGUAGES
    assert all(title.strip() for title in entry["title"].values())
    assert entry["why"].strip().endswith(".")
    assert entry["severity"] in SEVERITIES
    assert isinstance(entry["references"]["cloud_config"], list)
    assert isinstance(entry["security_center"], list)
    assert entry["module"] in MODULES
    assert entry["role"] in ROLES


def test_controls_in_scenarios():
    """Every control is failed by some resource of some scenario."""
    files = (ROOT / "tests" / "scenarios").glob("*.yml")
    scenarios = [one for path in files for one in yaml.safe_load(path.read_text(encoding="utf-8"))]
    assert {risk["control"] for scenario in scenarios for risk in scenario.get("risks", [])} == set(controls())


# Roles and policies


@pytest.mark.parametrize("role", ROLES)
def test_role_arguments(role):
    """A role's defaults and argument specs name the same variables with the same values, and every one has a type.

    Some are what a playbook has for all roles; the specs say what they are where it has nothing.
    """
    written = yaml.safe_load((ROOT / "roles" / role / "defaults" / "main.yml").read_text(encoding="utf-8"))
    templates = NativeEnvironment()
    defaults = {
        name: templates.from_string(value).render() if "{{" in str(value) else value for name, value in written.items()
    }
    specs = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    options = specs["argument_specs"]["main"]["options"]
    assert {name: option.get("default") for name, option in options.items()} == defaults
    assert [name for name, option in options.items() if not option.get("type") or not option.get("description")] == []
    assert [name for name in options if not name.startswith(f"{role}_")] == []


@pytest.mark.parametrize("policy", ["audit", "enforce"])
def test_policy(policy):
    """A published policy allows named actions only, each once; the one for audits allows nothing that writes."""
    document = json.loads((ROOT / "docs" / "policies" / f"{policy}.json").read_text(encoding="utf-8"))
    allowed = [action for statement in document["Statement"] for action in statement["Action"]]
    assert len(allowed) == len(set(allowed))
    assert [action for action in allowed if "*" in action] == []
    assert {statement["Effect"] for statement in document["Statement"]} == {"Allow"}
    writing = {
        action.permission
        for product in REGISTRY.products.values()
        for action in product.actions.values()
        if action.writes
    }
    assert policy == "enforce" or writing.isdisjoint(allowed)


# The whole


def test_version():
    """The version that is built is the newest of the changelog."""
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    entries = re.findall(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert version == entries[0]


def test_licence():
    """Every Python file says under which licence it stands."""
    unmarked = [path for path in tracked_python() if path.stat().st_size and SPDX not in _head(path)]
    assert unmarked == []


def _head(path: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8").splitlines()[:5])


def test_nothing_of_one_machine():
    """No file names a folder of somebody's machine, or the package index that somebody installed from."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in tracked()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if FOREIGN.search(line)
    ]
    assert found == []


def test_tests_say_what_they_prove():
    """Every test begins with a sentence that says what holds."""
    silent = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in tracked_python()
        if path.is_relative_to(ROOT / "tests")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not _sentence(node)
    ]
    assert silent == []


def _sentence(node: Any) -> bool:
    return (ast.get_docstring(node) or "").strip().endswith(".")
