# SPDX-License-Identifier: GPL-3.0-or-later
"""OSS's REST protocol: method, bucket, object key and one sub-resource name the action; XML back.

Addressing: `bucket.oss-REGION.aliyuncs.com` (virtual host) or, where no OSS host is named, `/bucket/key` (path
style, as for an IP endpoint). Signatures: V1 (`OSS key:signature`) and V4 (`OSS4-HMAC-SHA256`), in headers.
Signatures in the query (presigned URLs) are not supported and answered loudly.

Raw parameters of a call: `bucket`, `key`, the query but for the sub-resource, `x-oss-*` headers, and `body`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, quote, unquote

from simulator.errors import ApiError, LoudError

from . import Reply, hmac_base64, hmac_hex, http_date, is_stale, same, xml

if TYPE_CHECKING:
    from simulator.call import Call, Incoming
    from simulator.estate import Key
    from simulator.registry import Action, Product, Registry

HOST = re.compile(r"(?:(?P<bucket>[a-z0-9-]+)\.)?oss-(?P<region>[a-z]+-[a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com")
V4 = "OSS4-HMAC-SHA256"
PROTOCOL_HEADERS = {"x-oss-date", "x-oss-content-sha256", "x-oss-security-token"}

# The query parameters that V1 signs. A client whose own list lacks one (oss2 and policyStatus) cannot sign such a call
# with V1: so it is with the real service.
V1_SIGNED = frozenset(
    """
    accessPoint accessPointPolicy acl append asyncFetch bucketArchiveDirectRead bucketInfo callback callback-var
    cloudboxes cname comp continuation-token cors delete encryption endTime group httpsConfig inventory inventoryId
    lifecycle link live location logging metaQuery objectInfo objectMeta partNumber policy policyStatus position
    publicAccessBlock qos qosInfo qosRequester redundancyTransition referer regionList replication
    replicationLocation replicationProgress requestPayment requesterQosInfo resourceGroup resourcePool
    resourcePoolBuckets resourcePoolInfo response-cache-control response-content-disposition
    response-content-encoding response-content-language response-content-type response-expires restore
    security-token sequential startTime stat status style styleName symlink tagging transferAcceleration uploadId
    uploads versionId versioning versions vod website worm wormExtend wormId x-oss-ac-forward-allow
    x-oss-ac-source-ip x-oss-ac-subnet-mask x-oss-ac-vpc-id x-oss-access-point-name x-oss-async-process
    x-oss-process x-oss-redundancy-transition-taskid x-oss-request-payer x-oss-target-redundancy-type
    x-oss-traffic-limit x-oss-write-get-object-response
    """.split()  # noqa: SIM905 - a list of this length is unreadable
)


class Route(NamedTuple):
    """Which requests are an action: `sub` is the sub-resource in the query, "" for none."""

    method: str
    level: str  # service | bucket | object
    sub: str = ""


@dataclass(slots=True)
class Target:
    """What a request is about."""

    bucket: str
    key: str
    query: list[tuple[str, str]]


@dataclass(slots=True)
class Credential:
    """What a request says about its sender. `scheme` is "" for nobody, `region` (V4's signing region) "" under V1."""

    target: Target
    scheme: str = ""
    key_id: str = ""
    signature: str = ""
    token: str = ""
    region: str = ""
    date: str = ""
    headers: tuple[str, ...] = ()


class Oss:
    """See the module's docstring."""

    name = "oss"

    def __init__(self) -> None:
        self._routes: dict[Route, Action] = {}

    def claims(self, request: Incoming, registry: Registry) -> bool:  # noqa: ARG002, D102 - see Wire
        if request.names_a_product:
            return HOST.fullmatch(request.host) is not None
        if request.headers.get("authorization", "").startswith(("OSS ", V4)):
            return True
        return "OSSAccessKeyId=" in request.query or "x-oss-signature" in request.query

    def request_id(self, number: int) -> str:  # noqa: D102 - see Wire
        return f"{number:024X}"

    def parse(self, call: Call, registry: Registry) -> None:  # noqa: D102 - see Wire
        request = call.request
        call.product = registry.products["oss"]
        target = _target(call)
        routes = self._known_routes(call.product)
        level = "object" if target.key else "bucket" if target.bucket else "service"
        subs = [name for name, _unused in target.query if any(route.sub == name for route in routes)]
        route = Route(request.method, level, subs[0] if subs else "")
        call.action_name = f"{route.method} {route.level}?{route.sub}"
        call.credential = _credential(request, target)
        call.raw = _raw(request, target, route)
        call.action = routes.get(route)
        if call.action is None:
            asked = "&".join(name for name, _unused in target.query)
            raise LoudError("NotImplemented", f"The simulator has no {request.method} {level}?{asked}.", 501)
        call.action_name = call.action.name

    def _known_routes(self, product: Product) -> dict[Route, Action]:
        if not self._routes:
            self._routes = {action.route: action for action in product.actions.values()}
        return self._routes

    def authenticate(self, call: Call) -> None:  # noqa: D102 - see Wire
        credential: Credential = call.credential
        if not credential.scheme:
            raise ApiError("AccessDenied", "Anonymous access is forbidden for this operation.", 403, EC="0003-00000001")
        account, key = call.world.keys.get(credential.key_id, (None, None))
        # A temporary key without its token is as good as unknown.
        if key is None or (key.token and not credential.token):
            message = "The OSS Access Key Id you provided does not exist in our records."
            raise ApiError("InvalidAccessKeyId", message, 403, EC="0002-00000902", OSSAccessKeyId=credential.key_id)
        _check_time(call.request)
        _check_signature(call, credential, key)
        if credential.token != (key.token or ""):
            raise ApiError("InvalidSecurityToken", "The security token you provided is invalid.", 403)
        if key.expired:
            raise ApiError("SecurityTokenExpired", "The security token you provided has expired.", 403)
        if credential.region and call.region and credential.region != call.region:
            raise wrong_signing_region()
        call.key, call.account = key, account

    def serialise(self, call: Call) -> Reply:  # noqa: D102 - see Wire
        headers = [("x-oss-request-id", call.request_id), ("server", "AliyunOSS"), ("date", http_date())]
        if call.error is not None:
            document = _error_document(call, call.error)
            return Reply(call.error.status, "application/xml", xml.render(document).encode(), headers)
        if call.outcome is None:
            return Reply(call.action.status, "", b"", headers)
        if isinstance(call.outcome, str):
            kind = "application/xml" if call.outcome.lstrip().startswith("<") else "application/json"
            return Reply(call.action.status, kind, call.outcome.encode(), headers)
        return Reply(call.action.status, "application/xml", xml.render(call.outcome).encode(), headers)


def wrong_signing_region() -> ApiError:
    """Word the refusal: the region in a V4 credential is not the bucket's (the host's)."""
    return ApiError("InvalidArgument", "The signing region in the credential is invalid.", 400, EC="0002-00000226")


def _error_document(call: Call, error: ApiError) -> dict[str, object]:
    fields = {"Code": error.code, "Message": error.message, "RequestId": call.request_id, "HostId": call.request.host}
    return {"Error": fields | dict(error.details)}


def _target(call: Call) -> Target:
    request = call.request
    query = parse_qsl(request.query, keep_blank_values=True)
    path = unquote(request.path).lstrip("/")
    match = HOST.fullmatch(request.host)
    if match is None:
        bucket, _unused, key = path.partition("/")
        return Target(bucket, key, query)
    call.region = match["region"]
    if match["bucket"]:
        return Target(match["bucket"], path, query)
    if path:
        message = "The bucket you are attempting to access must be addressed using OSS third level domain."
        raise ApiError("SecondLevelDomainForbidden", message, 403)
    return Target("", "", query)


def _raw(request: Incoming, target: Target, route: Route) -> dict[str, str]:
    raw = {name: value for name, value in target.query if name != route.sub or value}
    raw |= {
        name: value
        for name, value in request.headers.items()
        if name.startswith("x-oss-") and name not in PROTOCOL_HEADERS
    }
    for name, value in (
        ("bucket", target.bucket),
        ("key", target.key),
        ("body", request.body.decode(errors="replace")),
    ):
        if value:
            raw[name] = value
    return raw


def _credential(request: Incoming, target: Target) -> Credential:
    authorization = request.headers.get("authorization", "")
    token = request.headers.get("x-oss-security-token") or request.headers.get("security-token", "")
    if authorization.startswith("OSS "):
        key_id, _unused, signature = authorization[4:].strip().partition(":")
        return Credential(target, "V1", key_id, signature, token)
    if not authorization.startswith(V4):
        if any(name in ("OSSAccessKeyId", "x-oss-signature") for name, _unused in target.query):
            raise LoudError("NotImplemented", "The simulator does not support signatures in the query.", 501)
        return Credential(target)
    fields = dict(item.strip().split("=", 1) for item in authorization[len(V4) :].split(",") if "=" in item)
    scope = fields.get("Credential", "").split("/")
    if scope[3:] != ["oss", "aliyun_v4_request"]:
        raise ApiError("InvalidArgument", "Invalid Credential in Authorization header.", 400, EC="0002-00000213")
    signed = tuple(name for name in fields.get("AdditionalHeaders", "").split(";") if name)
    return Credential(target, V4, scope[0], fields.get("Signature", ""), token, scope[2], scope[1], signed)


def _check_time(request: Incoming) -> None:
    stamp = request.headers.get("x-oss-date") or request.headers.get("date", "")
    try:
        seconds = _seconds(stamp)
    except ValueError:
        raise ApiError("AccessDenied", "OSS authentication requires a valid Date.", 403) from None
    if is_stale(seconds):
        message = "The difference between the request time and the current time is too large."
        raise ApiError("RequestTimeTooSkewed", message, 403, EC="0002-00000504")


def _seconds(stamp: str) -> float:
    if "," in stamp:
        return parsedate_to_datetime(stamp).timestamp()
    return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _check_signature(call: Call, credential: Credential, key: Key) -> None:
    request, target = call.request, credential.target
    if request.body and "content-md5" in request.headers:
        _check_digest(request)
    if credential.scheme == "V1":
        text = _v1_text(request, target)
        expected = hmac_base64(key.secret, text, "sha1")
        code = "0002-00000040"
    else:
        text = _v4_text(request, target, credential)
        expected = hmac_hex(_v4_key(key.secret, credential), text)
        code = "0002-00000201"
    if not same(credential.signature, expected):
        message = "The request signature we calculated does not match the signature you provided."
        raise ApiError("SignatureDoesNotMatch", message, 403, EC=code, StringToSign=text, OSSAccessKeyId=key.id)


def _check_digest(request: Incoming) -> None:
    if (
        base64.b64encode(hashlib.md5(request.body, usedforsecurity=False).digest()).decode()
        != request.headers["content-md5"]
    ):
        raise ApiError("InvalidDigest", "The Content-MD5 you specified was invalid.", 400)


def _resource(target: Target) -> str:
    return f"/{target.bucket}/{target.key}" if target.bucket else "/"


def _v1_text(request: Incoming, target: Target) -> str:
    headers = request.headers
    date = headers.get("x-oss-date") or headers.get("date", "")
    oss = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers) if name.startswith("x-oss-"))
    signed = sorted((name, value) for name, value in target.query if name in V1_SIGNED)
    query = "&".join(f"{name}={value}" if value else name for name, value in signed)
    resource = _resource(target) + (f"?{query}" if query else "")
    parts = (request.method, headers.get("content-md5", ""), headers.get("content-type", ""), date, oss + resource)
    return "\n".join(parts)


def _v4_text(request: Incoming, target: Target, credential: Credential) -> str:
    headers = request.headers
    query = "&".join(
        f"{name}={value}" if value else name for name, value in sorted((_quote(n), _quote(v)) for n, v in target.query)
    )
    signed = sorted(
        name
        for name in headers
        if name.startswith("x-oss-") or name in ("content-type", "content-md5") or name in credential.headers
    )
    canonical = "\n".join(
        (
            request.method,
            quote(_resource(target), safe="/-_.~"),
            query,
            "".join(f"{name}:{headers[name].strip()}\n" for name in signed),
            ";".join(sorted(credential.headers)),
            headers.get("x-oss-content-sha256", ""),
        )
    )
    scope = f"{credential.date}/{credential.region}/oss/aliyun_v4_request"
    return "\n".join((V4, headers.get("x-oss-date", ""), scope, hashlib.sha256(canonical.encode()).hexdigest()))


def _v4_key(secret: str, credential: Credential) -> bytes:
    key = f"aliyun_v4{secret}".encode()
    for part in (credential.date, credential.region, "oss", "aliyun_v4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _quote(text: str) -> str:
    return quote(text, safe="-_.~")
