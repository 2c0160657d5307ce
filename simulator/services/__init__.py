# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated products: one file each. A new product is one new file here; nothing else needs to know of it.

Every `Product` and `Section` at the top level of a module in this package is registered. A file reads like this:

    garden = Product("garden", version="2030-01-01", hosts=("garden.aliyuncs.com", "garden.<region>.aliyuncs.com"))


    @dataclass
    class Gate:
        id: str
        region: str
        name: str = ""


    @dataclass
    class Garden:
        gates: dict[str, Gate] = field(default_factory=dict)


    def load(data, account): ...           # from the estate: {"gates": [{"id": …, "region": …}]} or None
    def dump(state): ...                   # back to the estate, full
    def check(world): ...                  # optional: references to other sections, global names
    section = Section("garden", load, dump, check)


    @garden.action(
        "DescribeGates",
        params={"RegionId": Region(required=True), **numbered(most=50)},
    )
    def describe_gates(call: Call) -> dict[str, Any]:
        gates = [each for each in section.of(call.account).gates.values() if each.region == call.region]
        page, paging = by_number(gates, call.params)
        return {"Gates": {"Gate": [_show(each) for each in page]}, **paging}


    @garden.action(
        "DeleteGate",
        writes=True,
        resource=lambda call: call.arn(f"gate/{call.params['GateId']}"),
        params={"RegionId": Region(required=True), "GateId": Text(required=True)},
    )
    def delete_gate(call: Call) -> dict[str, Any]:
        if call.params["GateId"] not in section.of(call.account).gates:
            raise ApiError("InvalidGateId.NotFound", "The specified gate does not exist.", 404)
        ...
        return {}                          # RequestId is added

Rules of the house
- An action gets a `Call` (typed `params`, `account`, `region`, `request_id`), returns a dict (RPC) or raises `ApiError`
  with the product's real code, message and status. It does no I/O and never waits.
- Declare every parameter that you use, and no other: what is not declared is answered loudly. `parameters.py` has the
  kinds (Text, Int, Bool, Json, Csv, Each, Region), `paging.py` both ways of paging. `RegionId` need not be declared
  where the product takes it but does nothing with it: SDKs add it to everything.
- References are checked: what an action or an estate names must exist (in a section by `check`, in an action by the
  real error).
- `resource` is the ARN that the caller's RAM policy is asked about, and the identity by which the `lag` fault finds the
  reads that follow a write: a write and the read that shows its effect must name the same one (a list, "*", sees all).
- An action that needs further rights than its own asks for them: `call.require("ram:CreateServiceLinkedRole", "*")`.
- A new condition key of RAM policies goes into `policy.KEYS`, and its value into `context` or `call.require`.
- A service on the OSS protocol gives `route=Route(METHOD, level, sub-resource)` and returns a dict (XML), text or None.
- State is plain dataclasses within the section; no globals: a reset is a new world.
- A fact of the reference that is marked UNCONFIRMED is marked so in a comment here.
- A line in `README.md`'s table for each action: a test compares it with the registry.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from simulator.registry import Product, Registry, Section


def registry() -> Registry:
    """All products and sections of the modules in this package."""
    result = Registry()
    for found in pkgutil.iter_modules(__path__):
        module = import_module(f"{__name__}.{found.name}")
        for value in vars(module).values():
            if isinstance(value, Product):
                result.add(product=value)
            elif isinstance(value, Section):
                result.add(section=value)
    return result
