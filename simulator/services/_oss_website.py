# SPDX-License-Identifier: GPL-3.0-or-later
"""A bucket's website configuration: XML in the state, `{index, mirror}` in an estate where that says it all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from simulator.errors import ApiError, EstateError
from simulator.registry import known_keys
from simulator.wires import xml

if TYPE_CHECKING:
    from collections.abc import Mapping


def check(document: str) -> None:
    """Raise MalformedXML, or InvalidArgument for a configuration that says nothing."""
    root = xml.parse(document, "WebsiteConfiguration")
    if not any(root.find(name) is not None for name in ("IndexDocument", "ErrorDocument", "RoutingRules")):
        raise ApiError("InvalidArgument", "The website configuration is empty.", 400)
    index = root.find("IndexDocument")
    if index is not None and not index.findtext("Suffix"):
        raise xml.malformed()
    for url in root.iterfind("RoutingRules/RoutingRule/Redirect/MirrorURL"):
        if not re.fullmatch(r"https?://.+/", url.text or ""):
            raise ApiError(
                "InvalidArgument", "MirrorURL must start with http:// or https:// and end with a slash.", 400
            )


def mirrors(document: str | None) -> bool:
    """Whether a routing rule fetches missing objects from an origin."""
    if document is None:
        return False
    root = xml.parse(document, "WebsiteConfiguration")
    return any(each.text == "Mirror" for each in root.findall("RoutingRules/RoutingRule/Redirect/RedirectType"))


def from_estate(data: Mapping[str, str] | None) -> str | None:
    """Give the XML for `{index, mirror}`, or for `{xml}` the XML itself."""
    if data is None:
        return None
    known_keys(data, {"index", "mirror", "xml"}, "website")
    document = data.get("xml") or _compose(data.get("index"), data.get("mirror"))
    try:
        check(document)
    except ApiError as error:
        raise EstateError(f"website: {error.message}") from error
    return document


def to_estate(document: str | None) -> dict[str, str] | None:
    """`{index, mirror}` when the document holds nothing else, `{xml}` otherwise."""
    if document is None:
        return None
    root = xml.parse(document, "WebsiteConfiguration")
    short = {
        "index": root.findtext("IndexDocument/Suffix"),
        "mirror": (root.findtext("RoutingRules/RoutingRule/Redirect/MirrorURL") or "").rstrip("/"),
    }
    again = ET.fromstring(_compose(**short))  # noqa: S314 - our own text
    same = ET.canonicalize(ET.tostring(again)) == ET.canonicalize(ET.tostring(root))
    return {name: value for name, value in short.items() if value} if same else {"xml": document}


def _compose(index: str | None, mirror: str | None) -> str:
    """OSS wants a mirror's URL to end with a slash; an estate need not say it."""
    rule: dict[str, Any] = {
        "RuleNumber": 1,
        "Condition": {"KeyPrefixEquals": "", "HttpErrorCodeReturnedEquals": 404},
        "Redirect": {"RedirectType": "Mirror", "MirrorURL": f"{(mirror or '').rstrip('/')}/"},
    }
    return xml.render(
        {
            "WebsiteConfiguration": {
                "IndexDocument": {"Suffix": index} if index else None,
                "RoutingRules": {"RoutingRule": rule} if mirror else None,
            }
        }
    )
