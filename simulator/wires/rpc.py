# SPDX-License-Identifier: GPL-3.0-or-later
"""The RPC protocol: `GET|POST /?Action=…&Version=…`, parameters in query and form body, JSON back.

Signatures: version 1.0 with HMAC-SHA1 or HMAC-SHA256 (everything in the query), and ACS3-HMAC-SHA256 (action,
version, time and token in `x-acs-*` headers). Arrays come flattened: `Name.1`, `Name.1.Sub`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from simulator.errors import ApiError, LoudError

from . import Reply, hmac_base64, hmac_hex, is_stale, same

if TYPE_CHECKING:
    from simulator.call import Call, Incoming
    from simulator.estate import Key
    from simulator.registry import Registry

DIGESTS = {"HMAC-SHA1": "sha1", "HMAC-SHA256": "sha256"}
SIGNING = {
    "AccessKeyId",
    "Signature",
    "SignatureMethod",
    "SignatureNonce",
    "SignatureType",
    "SignatureVersion",
    "Timestamp",
    "SecurityToken",
}
PROTOCOL = SIGNING | {"Action", "Version", "Format"}
ACS3 = "ACS3-HMAC-SHA256"


@dataclass(slots=True)
class Credential:
    """What a request says about its sender. `parts` is what the signature covers, by scheme."""

    scheme: str
    key_id: str
    token: str
    signature: str
    time: str
    nonce: str
    parts: Any


class Rpc:
    """See the module's docstring."""

    name = "rpc"

    def claims(self, request: Incoming, registry: Registry) -> bool:  # noqa: D102 - see Wire
        if request.names_a_product:
            named = registry.by_host(request.host)
            return named is not None and named[0].wire == "rpc"
        if "x-acs-action" in request.headers or request.headers.get("authorization", "").startswith("ACS3-"):
            return True
        return "Action=" in request.query or (_is_form(request) and b"Action=" in request.body)

    def request_id(self, number: int) -> str:  # noqa: D102 - see Wire
        return f"{number:08X}-51A0-5A11-8000-{number:012X}"

    def parse(self, call: Call, registry: Registry) -> None:  # noqa: D102 - see Wire
        request = call.request
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True)) if _is_form(request) else {}
        sent = query | form
        action = request.headers.get("x-acs-action") or sent.get("Action", "")
        version = request.headers.get("x-acs-version") or sent.get("Version", "")
        call.action_name = action
        self._route(call, registry, version)
        if request.path not in ("", "/"):
            raise LoudError("InvalidAction.NotFound", f"The simulator has no RPC path {request.path}.", 404)
        if sent.get("Format", "JSON").upper() != "JSON":
            raise LoudError("InvalidFormat", "The simulator answers JSON only.", 400)
        call.credential = _credential(request, query, sent)
        call.raw = {name: value for name, value in sent.items() if name not in PROTOCOL}
        call.region = call.raw.get("RegionId") or call.region
        call.action = call.product.actions.get(action)
        if call.action is None:
            raise LoudError(
                "InvalidAction.NotFound", "Specified api is not found, please check your url and method.", 404
            )
        if "RegionId" not in call.action.params:
            call.raw.pop(
                "RegionId", None
            )  # SDKs add it to every call; an action that does not declare it has no use for it

    def _route(self, call: Call, registry: Registry, version: str) -> None:
        product = registry.by_version(version)
        named = registry.by_host(call.request.host)
        if named:
            call.product, call.region = named
        else:
            call.product = product
        if product is None or product is not call.product:
            what = f"version {version!r} at host {call.request.host!r} (action {call.action_name})"
            raise LoudError("InvalidVersion", f"Specified parameter Version is not valid: {what}.", 400)

    def authenticate(self, call: Call) -> None:  # noqa: D102 - see Wire
        credential: Credential = call.credential
        if not credential.key_id:
            raise ApiError("MissingAccessKeyId", "AccessKeyId is mandatory for this action.", 400)
        account, key = call.world.keys.get(credential.key_id, (None, None))
        # A temporary key without its token is as good as unknown.
        if key is None or (key.token and not credential.token):
            raise ApiError("InvalidAccessKeyId.NotFound", "Specified access key is not found.", 404)
        _check_signature(call, credential, key)
        _check_time(call, credential)
        if credential.token != (key.token or ""):
            raise ApiError("InvalidSecurityToken.MismatchWithAccessKey", "The token is not for this access key.", 400)
        if key.expired:
            raise ApiError("InvalidSecurityToken.Expired", "Specified SecurityToken is expired.", 400)
        call.key, call.account = key, account

    def serialise(self, call: Call) -> Reply:  # noqa: D102 - see Wire
        error = call.error
        if error is None:
            document, status = {**(call.outcome or {}), "RequestId": call.request_id}, call.action.status
        else:
            document, status = _error_document(call, error), error.status
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        return Reply(status, "application/json;charset=utf-8", body, [("x-acs-request-id", call.request_id)])


def _error_document(call: Call, error: ApiError) -> dict[str, Any]:
    return {
        "RequestId": call.request_id,
        "HostId": call.request.host,
        "Code": error.code,
        "Message": error.message,
        **error.details,
    }


def _is_form(request: Incoming) -> bool:
    return request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def _credential(request: Incoming, query: dict[str, str], sent: dict[str, str]) -> Credential:
    headers = request.headers
    authorization = headers.get("authorization", "")
    if not authorization:
        return Credential(
            scheme=sent.get("SignatureMethod", ""),
            key_id=sent.get("AccessKeyId", ""),
            token=sent.get("SecurityToken", ""),
            signature=sent.get("Signature", ""),
            time=sent.get("Timestamp", ""),
            nonce=sent.get("SignatureNonce", ""),
            parts=sent,
        )
    scheme, _unused, rest = authorization.partition(" ")
    fields = dict(item.strip().split("=", 1) for item in rest.split(",") if "=" in item)
    return Credential(
        scheme=scheme,
        key_id=fields.get("Credential", ""),
        token=headers.get("x-acs-security-token", ""),
        signature=fields.get("Signature", ""),
        time=headers.get("x-acs-date", ""),
        nonce=headers.get("x-acs-signature-nonce", ""),
        parts=(query, fields.get("SignedHeaders", "")),
    )


def _check_signature(call: Call, credential: Credential, key: Key) -> None:
    if credential.scheme == ACS3:
        text = _acs3_text(call.request, *credential.parts)
        expected = hmac_hex(key.secret.encode(), text)
    elif credential.scheme in DIGESTS and credential.parts.get("SignatureVersion") == "1.0":
        text = _rpc_text(call.request.method, credential.parts)
        expected = hmac_base64(key.secret + "&", text, DIGESTS[credential.scheme])
    else:
        raise ApiError("IncompleteSignature", "The request signature does not conform to Aliyun standards.", 400)
    if not same(credential.signature, expected):
        # The SDK reads what follows the colon, to tell a wrong secret from a wrong signature.
        message = f"Specified signature is not matched with our calculation. server string to sign is:{text}"
        raise ApiError("SignatureDoesNotMatch", message, 400)


def _check_time(call: Call, credential: Credential) -> None:
    try:
        seconds = datetime.fromisoformat(credential.time).timestamp()
    except ValueError:
        raise ApiError(
            "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.", 400
        ) from None
    if is_stale(seconds):
        raise ApiError("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.", 400)
    if not credential.nonce:
        raise call.product.missing("SignatureNonce")
    if credential.nonce in call.world.nonces:
        raise ApiError("SignatureNonceUsed", "Specified signature nonce was used already.", 400)
    call.world.nonces.add(credential.nonce)


def _rpc_text(method: str, sent: dict[str, str]) -> str:
    pairs = sorted((name, value) for name, value in sent.items() if name != "Signature")
    canonical = "&".join(f"{_quote(name)}={_quote(value)}" for name, value in pairs)
    return f"{method}&%2F&{_quote(canonical)}"


def _acs3_text(request: Incoming, query: dict[str, str], signed: str) -> str:
    digest = hashlib.sha256(request.body).hexdigest()
    if request.headers.get("x-acs-content-sha256") != digest:
        raise ApiError("InvalidContentSha256", "x-acs-content-sha256 does not match the body.", 400)
    canonical_query = "&".join(f"{_quote(name)}={_quote(value)}" for name, value in sorted(query.items()))
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in signed.split(";"))
    canonical = f"{request.method}\n{request.path or '/'}\n{canonical_query}\n{headers}\n{signed}\n{digest}"
    return f"{ACS3}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


def _quote(text: str) -> str:
    return quote(text, safe="-_.~")
