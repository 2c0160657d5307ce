# SPDX-License-Identifier: GPL-3.0-or-later
"""Small XML: dicts to documents, and request bodies to elements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from simulator.errors import ApiError

HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n'


def render(document: Mapping[str, Any]) -> str:
    """Write a document: `{"A": {"B": ["1", "2"], "C": None}}` becomes `<A><B>1</B><B>2</B></A>`.

    None is absent, "" is empty.
    """
    return HEADER + _elements(document)


def _elements(node: Mapping[str, Any]) -> str:
    return "".join(_element(name, value) for name, value in node.items())


def _element(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    if isinstance(value, Mapping):
        return f"<{name}>{_elements(value)}</{name}>"
    if isinstance(value, bool):
        value = "true" if value else "false"
    return f"<{name}>{escape(str(value))}</{name}>"


def parse(text: str, root: str) -> ET.Element:
    """Read the element of a request body whose root must be `root`; any namespace is dropped. Raises MalformedXML."""
    try:
        element = ET.fromstring(text)  # noqa: S314 - from our own tests, on loopback
    except ET.ParseError:
        raise malformed() from None
    for node in element.iter():
        node.tag = node.tag.rsplit("}", 1)[-1]
    if element.tag != root:
        raise malformed()
    return element


def malformed() -> ApiError:
    """Word the error for XML that is none, or not of the schema."""
    return ApiError(
        "MalformedXML", "The XML you provided was not well-formed or did not validate against our schema.", 400
    )
