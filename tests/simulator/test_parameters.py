# SPDX-License-Identifier: GPL-3.0-or-later
"""Declared parameters and paging: what every RPC product is made of."""

from __future__ import annotations

import pytest

from simulator import parameters
from simulator.call import Call, Incoming
from simulator.errors import ApiError, LoudError
from simulator.estate import Account, World
from simulator.paging import by_number, by_token, numbered, tokened
from simulator.parameters import Bool, Csv, Each, Int, Json, Region, Text
from simulator.registry import Product

SPEC = {
    "RegionId": Region(required=True),
    "Name": Text(default="unnamed", pattern="[a-z-]+"),
    "Type": Text(choices=("internet", "intranet"), error="InvalidType"),
    "Size": Int(1, 50),
    "DryRun": Bool(),
    "Ids": Json(most=2),
    "Groups": Csv(most=2),
    "Job": Each(most=3),
    "Tag": Each({"Key": Text(required=True), "Value": Text(default="")}),
}


@pytest.fixture
def call():
    """Give a call that has got as far as its account."""
    made = Call(Incoming("GET", "/", "", {}, b""), World({}, {}), "id")
    made.product = Product("toy", version="1")
    made.account = Account("1", ["cn-hangzhou"], [])
    made.action_name = "DoIt"
    return made


def bind(call, **sent):
    """Bind what was sent, region included; a double underscore stands for the dot."""
    flat = {"RegionId": "cn-hangzhou"} | {name.replace("__", "."): value for name, value in sent.items()}
    values = parameters.bind(SPEC, parameters.tree(flat), call)
    return {name: value for name, value in values.items() if name != "RegionId"}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, {}),
        ({"Name": ""}, {}),
        ({"Type": "intranet", "Size": "50"}, {"Type": "intranet", "Size": 50}),
        ({"DryRun": "True"}, {"DryRun": True}),
        ({"Ids": '["a", "b"]'}, {"Ids": ["a", "b"]}),
        ({"Groups": "a, b"}, {"Groups": ["a", "b"]}),
        ({"Job__2": "b", "Job__1": "a", "Job__10": "c"}, {"Job": ["a", "b", "c"]}),
        (
            {"Tag__1__Key": "env", "Tag__1__Value": "prod", "Tag__2__Key": "team"},
            {"Tag": [{"Key": "env", "Value": "prod"}, {"Key": "team", "Value": ""}]},
        ),
    ],
)
def test_values_are_typed(call, sent, expected):
    """Texts become what they were declared as, and defaults fill the gaps."""
    assert bind(call, **sent) == {"Name": "unnamed"} | expected


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"RegionId": ""}, 400, "MissingParameter"),
        ({"RegionId": "cn-shanghai"}, 404, "InvalidRegionId.NotFound"),
        ({"Name": "UPPER"}, 400, "InvalidParameter"),
        ({"Type": "other"}, 400, "InvalidType"),
        ({"Size": "51"}, 400, "InvalidParameter"),
        ({"Size": "many"}, 400, "InvalidParameter"),
        ({"Size__1": "5"}, 400, "InvalidParameter"),
        ({"DryRun": "yes"}, 400, "InvalidParameter"),
        ({"Ids": "[1,"}, 400, "InvalidParameter"),
        ({"Ids": "[1,2,3]"}, 400, "InvalidParameter"),
        ({"Groups": "a,b,c"}, 400, "InvalidParameter"),
        ({"Job": "a"}, 400, "InvalidParameter"),
        ({"Job__x": "a"}, 400, "InvalidParameter"),
        ({"Job__1": "a", "Job__2": "b", "Job__3": "c", "Job__4": "d"}, 400, "InvalidParameter"),
        ({"Tag__1": "env"}, 400, "InvalidParameter"),
        ({"Tag__1__Value": "prod"}, 400, "MissingParameter"),
        ({"Name": "a", "Name__1": "b"}, 400, "InvalidParameter"),
    ],
)
def test_bad_values_are_the_products_errors(call, sent, status, code):
    """A value that does not fit is refused as the product refuses it."""
    with pytest.raises(ApiError) as caught:
        bind(call, **sent)
    assert (caught.value.status, caught.value.code) == (status, code)
    assert not isinstance(caught.value, LoudError)


@pytest.mark.parametrize(
    "sent", [{"Colour": "red"}, {"Tag__1__Key": "a", "Tag__1__Colour": "red"}, {"Colour__1": "red"}]
)
def test_unknown_parameters_are_loud(call, sent):
    """What was not declared is named, on every level."""
    with pytest.raises(LoudError, match="Colour"):
        bind(call, **sent)


def test_numbered_pages(call):
    """PageNumber and PageSize cut a list up, and the total goes with every page."""
    spec = numbered(most=3, default=2)
    first = parameters.bind(spec, {}, call)
    assert by_number("abcde", first) == ("ab", {"PageNumber": 1, "PageSize": 2, "TotalCount": 5})
    last = parameters.bind(spec, {"PageNumber": "2", "PageSize": "3"}, call)
    assert by_number("abcde", last) == ("de", {"PageNumber": 2, "PageSize": 3, "TotalCount": 5})
    with pytest.raises(ApiError):
        parameters.bind(spec, {"PageSize": "4"}, call)


def test_tokened_pages(call):
    """Tokens lead from page to page, and the last page has none."""
    spec = tokened(most=2)
    token, seen = "", ""
    while True:
        page, token = by_token("abcde", parameters.bind(spec, {"MaxResults": "2", "NextToken": token}, call))
        seen += page
        if not token:
            break
    assert seen == "abcde"
    with pytest.raises(ApiError, match="NextToken"):
        by_token("abcde", {"MaxResults": 2, "NextToken": "made up"})
