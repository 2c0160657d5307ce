# SPDX-License-Identifier: GPL-3.0-or-later
"""Log Service's REST protocol: method and path name the action, the host names the project; JSON back.

Addressing: `project.REGION.log.aliyuncs.com`, or `project.127.0.0.1` as the official client says behind an IP
endpoint; without a region in the host, the one that a V4 signature names counts. Signatures: V1 (`LOG key:signature`)
and V4 (`SLS4-HMAC-SHA256`).

Raw parameters of a call: `project`, the placeholders of its path, the query, and the members of the JSON body.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote

from simulator.errors import ApiError, LoudError

from . import Reply, hmac_base64, hmac_hex, http_date, is_stale, same

if TYPE_CHECKING:
    from simulator.call import Call, Incoming
    from simulator.estate import Key
    from simulator.registry import Action, Registry

HOST = re.compile(r"(?:(?P<project>[a-z0-9-]+)\.)?(?P<region>[a-z]+-[a-z0-9-]+?)(?:-intranet)?\.log\.aliyuncs\.com")
LOOPBACK = re.compile(r"(?P<project>[a-z0-9-]+)\.(?:\d+\.\d+\.\d+\.\d+|localhost)")
V1 = "LOG "
V4 = "SLS4-HMAC-SHA256"


class Route(NamedTuple):
    """Which requests are an action: `{name}` in `path` is a parameter; `type` is the query's type, "" for none."""

    method: str
    path: str
    type: str = ""

    def match(self, request: Incoming, kind: str) -> re.Match[str] | None:
        """Give the match of a request's path, if method and type are these too."""
        if (request.method, kind) != (self.method, self.type):
            return None
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        return re.fullmatch(pattern, unquote(request.path) or "/")


@dataclass(slots=True)
class Credential:
    """What a request says about its sender. `region` and `date` are those of a V4 signature's scope."""

    scheme: str = ""
    key_id: str = ""
    signature: str = ""
    token: str = ""
    region: str = ""
    date: str = ""


class Sls:
    """See the module's docstring."""

    name = "sls"

    def claims(self, request: Incoming, registry: Registry) -> bool:  # noqa: ARG002, D102 - see Wire
        if request.names_a_product:
            return HOST.fullmatch(request.host) is not None
        return request.headers.get("authorization", "").startswith((V1, V4))

    def request_id(self, number: int) -> str:  # noqa: D102 - see Wire
        return f"{number:024X}"

    def parse(self, call: Call, registry: Registry) -> None:  # noqa: D102 - see Wire
        request = call.request
        call.product = registry.products["sls"]
        call.credential = _credential(request)
        host = HOST.fullmatch(request.host) or LOOPBACK.fullmatch(request.host)
        named = host.groupdict() if host else {}
        call.region = named.get("region") or call.credential.region
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        kind = query.pop("type", "")
        call.action_name = f"{request.method} {request.path} {kind}".strip()
        call.action, placed = _find(call, kind)
        call.action_name = call.action.name
        project = {"project": named["project"]} if named.get("project") else {}
        call.raw = query | _body(request) | project | placed

    def authenticate(self, call: Call) -> None:  # noqa: D102 - see Wire
        credential: Credential = call.credential
        account, key = call.world.keys.get(credential.key_id, (None, None))
        # A temporary key without its token is as good as unknown.
        if key is None or (key.token and not credential.token):
            raise ApiError("Unauthorized", f"The access key ID: {credential.key_id} is not found", 401)
        _check_time(call.request)
        _check_signature(call, credential, key)
        if credential.token != (key.token or ""):
            raise ApiError("SecurityTokenInvalid", "The security token is invalid.", 401)
        if key.expired:
            raise ApiError("SecurityTokenExpired", "The security token has expired.", 401)
        if credential.region and call.region and credential.region != call.region:
            raise ApiError("SignatureNotMatch", "The signing region is not this one.", 401)
        call.key, call.account = key, account

    def serialise(self, call: Call) -> Reply:  # noqa: D102 - see Wire
        headers = [("x-log-requestid", call.request_id), ("server", "AliyunSLS"), ("date", http_date())]
        if call.error is not None:
            document: Any = {"errorCode": call.error.code, "errorMessage": call.error.message}
            return Reply(call.error.status, "application/json", json.dumps(document).encode(), headers)
        if call.outcome is None:
            return Reply(call.action.status, "", b"", headers)
        if isinstance(call.outcome, list):
            headers += [("x-log-progress", "Complete"), ("x-log-count", str(len(call.outcome)))]
        body = json.dumps(call.outcome, ensure_ascii=False).encode()
        return Reply(call.action.status, "application/json", body, headers)


def _find(call: Call, kind: str) -> tuple[Action, dict[str, str]]:
    for action in call.product.actions.values():
        match = action.route.match(call.request, kind)
        if match:
            return action, match.groupdict()
    raise LoudError("InvalidMethod", f"The simulator has no Log Service call {call.action_name}.", 405)


def _body(request: Incoming) -> dict[str, str]:
    """Give the members of a JSON body as texts: a list or a mapping stays JSON."""
    if not request.body:
        return {}
    try:
        members = json.loads(request.body)
    except ValueError:
        raise ApiError("PostBodyInvalid", "the body is not JSON", 400) from None
    if not isinstance(members, dict):
        raise ApiError("PostBodyInvalid", "the body is not a JSON object", 400)
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in members.items()}


def _credential(request: Incoming) -> Credential:
    authorization = request.headers.get("authorization", "")
    token = request.headers.get("x-acs-security-token", "")
    if authorization.startswith(V1):
        key_id, _unused, signature = authorization[len(V1) :].partition(":")
        return Credential("V1", key_id, signature, token)
    fields = dict(item.strip().split("=", 1) for item in authorization[len(V4) :].split(",") if "=" in item)
    scope = fields.get("Credential", "").split("/")
    if not authorization.startswith(V4) or scope[3:] != ["sls", "aliyun_v4_request"]:
        raise ApiError("MissAccessKeyId", "no access key ID is found in the request", 401)
    return Credential(V4, scope[0], fields.get("Signature", ""), token, scope[2], scope[1])


def _check_time(request: Incoming) -> None:
    stamp = request.headers.get("x-log-date") or request.headers.get("date", "")
    try:
        if "," in stamp:
            seconds = parsedate_to_datetime(stamp).timestamp()
        else:
            seconds = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise ApiError("InvalidDateFormat", f"Date {stamp} must follow RFC822", 400) from None
    if is_stale(seconds):
        raise ApiError("RequestTimeExpired", "The request time differs too much from the server's.", 400)


def _check_signature(call: Call, credential: Credential, key: Key) -> None:
    if credential.scheme == "V1":
        expected = hmac_base64(key.secret, _v1_text(call.request), "sha1")
    else:
        expected = hmac_hex(_v4_key(key.secret, credential), _v4_text(call.request, credential))
    if not same(credential.signature, expected):
        raise ApiError("SignatureNotMatch", f"signature {credential.signature} not match", 401)


def _signed(headers: dict[str, str]) -> dict[str, str]:
    prefixes = ("x-log-", "x-acs-")
    return {
        name: value.strip()
        for name, value in sorted(headers.items())
        if name.startswith(prefixes) and not name.startswith("x-log-meta-")
    }


def _v1_text(request: Incoming) -> str:
    headers = request.headers
    digest = headers.get("content-md5", "")
    if digest and hashlib.md5(request.body, usedforsecurity=False).hexdigest().upper() != digest:
        raise ApiError("InvalidContentMD5", "Content-MD5 does not match the body", 400)
    # The client adds x-log-date, for proxies that drop the date, after it has signed.
    signed = "".join(f"{name}:{value}\n" for name, value in _signed(headers).items() if name != "x-log-date")
    query = "&".join(f"{name}={value}" for name, value in sorted(parse_qsl(request.query, keep_blank_values=True)))
    resource = unquote(request.path) + (f"?{query}" if query else "")
    date = headers.get("date") or headers.get("x-log-date", "")
    return "\n".join((request.method, digest, headers.get("content-type", ""), date, signed + resource))


def _v4_text(request: Incoming, credential: Credential) -> str:
    headers = request.headers
    digest = hashlib.sha256(request.body).hexdigest()
    if headers.get("x-log-content-sha256") != digest:
        raise ApiError("InvalidContentSHA256", "x-log-content-sha256 does not match the body", 400)
    plain = {name: headers[name].strip() for name in ("content-type", "host") if headers.get(name)}
    signed = dict(sorted((plain | _signed(headers)).items()))
    pairs = sorted((name, quote(value, safe="~")) for name, value in parse_qsl(request.query, keep_blank_values=True))
    canonical = "\n".join(
        (
            request.method,
            unquote(request.path),
            "&".join(f"{name}={value}" if value else name for name, value in pairs),
            "".join(f"{name}:{value}\n" for name, value in signed.items()),
            ";".join(signed),
            digest,
        )
    )
    scope = f"{credential.date}/{credential.region}/sls/aliyun_v4_request"
    return "\n".join((V4, headers.get("x-log-date", ""), scope, hashlib.sha256(canonical.encode()).hexdigest()))


def _v4_key(secret: str, credential: Credential) -> bytes:
    key = f"aliyun_v4{secret}".encode()
    for part in (credential.date, credential.region, "sls", "aliyun_v4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
