# SPDX-License-Identifier: GPL-3.0-or-later
"""OSS through oss2. Nothing else imports that SDK.

Requests are made with the SDK's transport and signature (V4), and answers are parsed here: its own parsers drop
BlockPublicAccess from GetBucketInfo, and it has no call for the policy status.
Every call names its bucket in params["bucket"], and its region and endpoint, so that a journal can replay it.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit
from xml.etree import ElementTree

from . import endpoints
from .credentials import Keys
from .errors import CONNECTION, NOT_THE_CLOUD, CloudError, HardeningError, NotSentError
from .progress import progress
from .retry import Pace, persist
from .writes import Write

CONNECT_SECONDS = 5
READ_SECONDS = 20
LIST_PAGE = 1000
T = TypeVar("T")
# The ACLs of a bucket, from closed to open.
OPENNESS = ("private", "public-read", "public-read-write")
# What each answer is, by its root. Anything else would pass for an answer that holds nothing.
ROOTS = {
    "ListBuckets": "ListAllMyBucketsResult",
    "GetBucketInfo": "BucketInfo",
    "GetBucketAcl": "AccessControlPolicy",
    "GetPublicAccessBlock": "PublicAccessBlockConfiguration",
    "GetBucketPublicAccessBlock": "PublicAccessBlockConfiguration",
    "GetBucketPolicyStatus": "PolicyStatus",
    "GetBucketWebsite": "WebsiteConfiguration",
    "ListCname": "ListCnameResult",
    "GetBucketWorm": "WormConfiguration",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketLifecycle": "LifecycleConfiguration",
}

if TYPE_CHECKING:
    from oss2 import Service

Element = ElementTree.Element


class OssClient:
    """Signs, sends and parses OSS calls; all regions share one pool of connections."""

    def __init__(self, keys: Keys, base: str | None, workers: int, pace: Pace):
        try:
            import oss2
        except ImportError:
            raise HardeningError(
                "The Python library oss2 is missing: pip install 'oss2>=2.19.1' for the Python that runs the modules."
            ) from None
        self._sdk = oss2
        self._base = base
        self._pace = pace
        self._auth = (
            oss2.StsAuth(keys.id, keys.secret, keys.token, "v4") if keys.token else oss2.AuthV4(keys.id, keys.secret)
        )
        self._session = oss2.Session(pool_size=workers)
        web = self._session.session
        # Signed requests follow no redirect (it could lead to plain http), and take nothing from a .netrc file.
        web.max_redirects = 0
        web.trust_env = False
        web.verify = endpoints.ca_bundle()
        self._services: dict = {}
        self._lock = threading.Lock()

    # Reading

    def list_buckets(self) -> Iterator[dict[str, str]]:
        """Every bucket of the account, in all regions: name, region, endpoint (host name), created."""
        marker = ""
        while True:
            page = self._xml(
                "ListBuckets", params={"max-keys": str(LIST_PAGE), **({"marker": marker} if marker else {})}
            )
            for bucket in page.iterfind("Buckets/Bucket"):
                location = _text(bucket, "Location")
                yield {
                    "name": _text(bucket, "Name"),
                    "region": _text(bucket, "Region") or location.removeprefix("oss-"),
                    "endpoint": _text(bucket, "ExtranetEndpoint") or f"{location}.aliyuncs.com",
                }
            if not _flag("ListBuckets", page, "IsTruncated", absent=False):
                return
            marker = _text(page, "NextMarker")
            if not marker:
                raise CloudError("ListBuckets", NOT_THE_CLOUD, "the list goes on, but the answer does not say where")

    def bucket_info(self, at: dict) -> dict:
        """acl (one of OPENNESS), blocked (its own Block Public Access), versioning
        (Enabled | Suspended | '' when it was never set). at: bucket, region, endpoint, as in a call's params.
        """
        info = self._xml("GetBucketInfo", at, "bucketInfo")
        return {
            "acl": _acl("GetBucketInfo", info, "Bucket/AccessControlList/Grant"),
            "blocked": _flag("GetBucketInfo", info, "Bucket/BlockPublicAccess", absent=False),
            "versioning": _text(info, "Bucket/Versioning"),
        }

    def acl(self, at: dict) -> str:
        """The bucket's ACL."""
        return _acl("GetBucketAcl", self._xml("GetBucketAcl", at, "acl"), "AccessControlList/Grant")

    def account_blocked(self) -> bool:
        """Whether Block Public Access is on for the whole account."""
        return self._block("GetPublicAccessBlock", {})

    def blocked(self, at: dict) -> bool:
        """Whether the bucket's own Block Public Access is on."""
        return self._block("GetBucketPublicAccessBlock", at)

    def policy_is_public(self, at: dict) -> bool:
        """OSS's own judgement of the bucket policy; false where there is none."""
        return _flag("GetBucketPolicyStatus", self._xml("GetBucketPolicyStatus", at, "policyStatus"), "IsPublic")

    def website(self, at: dict) -> Element | None:
        """The website configuration, or None."""
        return self._optional("GetBucketWebsite", at, "website")

    def mirrors(self, at: dict) -> bool:
        """Whether the website configuration has rules that fetch missing objects from an origin (mirroring)."""
        website = self.website(at)
        return website is not None and any(
            _text(rule, "Redirect/RedirectType") == "Mirror" for rule in website.iterfind("RoutingRules/RoutingRule")
        )

    def domains(self, at: dict) -> tuple[str, ...]:
        """The domain names that are bound to the bucket."""
        return tuple(_text(cname, "Domain") for cname in self._xml("ListCname", at, "cname").iterfind("Cname"))

    def retention(self, at: dict) -> str:
        """The state of the retention (WORM) policy: InProgress, Locked, or ''. An expired one counts as none."""
        answer = self._optional("GetBucketWorm", at, "worm")
        state = _text(answer, "State") if answer is not None else ""
        return "" if state == "Expired" else state

    def versioning(self, at: dict) -> str:
        """Enabled, Suspended, or '' when it was never set."""
        return _text(self._xml("GetBucketVersioning", at, "versioning"), "Status")

    def lifecycle(self, at: dict) -> str | None:
        """The lifecycle document as XML text, or None."""
        answer = self._optional("GetBucketLifecycle", at, "lifecycle")
        return None if answer is None else ElementTree.tostring(answer, encoding="unicode")

    # Writing

    def put(self, action: str, at: dict, subresource: str, body: str = "", headers: dict | None = None) -> None:
        """PUT a sub-resource of a bucket."""
        data = body.encode()
        digest = (
            {"Content-MD5": base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()}
            if data
            else {}
        )
        self._call("PUT", action, at, {subresource: ""}, data, {**digest, **(headers or {})})

    def delete(self, action: str, at: dict, subresource: str) -> None:
        """DELETE a sub-resource of a bucket."""
        self._call("DELETE", action, at, {subresource: ""})

    def put_acl(self, params: dict) -> None:
        """Set the ACL of a bucket that is there: PutBucketAcl on a missing one would create it."""
        _before("PutBucketAcl", self.acl, params)
        self.put("PutBucketAcl", params, "acl", headers={"x-oss-acl": params["acl"]})

    def put_block(self, params: dict) -> None:
        """Switch a bucket's Block Public Access; params["block"] is true or false, as text."""
        body = _document("PublicAccessBlockConfiguration", "BlockPublicAccess", params["block"])
        self.put("PutBucketPublicAccessBlock", params, "publicAccessBlock", body)

    def put_versioning(self, params: dict) -> None:
        """Set versioning to params["status"], Enabled or Suspended."""
        self.put(
            "PutBucketVersioning",
            params,
            "versioning",
            _document("VersioningConfiguration", "Status", params["status"]),
        )

    def put_lifecycle(self, params: dict) -> None:
        """Replace the lifecycle rules by params["document"]; its rules may overlap, which OSS refuses unless told.

        params["over"], where it is given: the document that was read before ("" for none). Where another one is there
        by now, nothing is sent, for rules that came since would go. OSS itself takes no condition with this call.
        """
        if "over" in params:
            there = _before("PutBucketLifecycle", self.lifecycle, params)
            if canonical(there) != canonical(params["over"] or None):
                changed = "somebody changed the lifecycle rules after they were read. Run again."
                raise NotSentError(f"PutBucketLifecycle was not sent: {changed}")
        headers = {"x-oss-allow-same-action-overlap": "true"}
        self.put("PutBucketLifecycle", params, "lifecycle", params["document"], headers)

    # The wire

    def _xml(
        self, action: str, at: dict | None = None, subresource: str | None = None, params: dict | None = None
    ) -> Element:
        body = self._call("GET", action, at or {}, {**({subresource: ""} if subresource else {}), **(params or {})})
        try:
            root = ElementTree.fromstring(body)
        except (ElementTree.ParseError, ValueError, LookupError):
            # The latter two speak of an encoding that the parser does not know.
            raise CloudError(action, NOT_THE_CLOUD, "the answer is not XML, so it is not OSS that answered") from None
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
        if root.tag != ROOTS[action]:
            raise CloudError(action, NOT_THE_CLOUD, f"the answer is <{root.tag}>, so it is not OSS that answered")
        return root

    def _block(self, action: str, at: dict) -> bool:
        answer = self._optional(action, at, "publicAccessBlock")
        return answer is not None and _flag(action, answer, "BlockPublicAccess", absent=False)

    def _optional(self, action: str, at: dict, subresource: str) -> Element | None:
        """The sub-resource, or None where the bucket has none (OSS answers 404 NoSuch…)."""
        try:
            return self._xml(action, at, subresource)
        except CloudError as error:
            if error.status == 404 and error.code.startswith("NoSuch") and not error.gone:
                return None
            raise

    def _call(
        self, method: str, action: str, at: dict, params: dict, data: bytes = b"", headers: dict | None = None
    ) -> bytes:
        progress.call(f"oss {action}")
        # All of these calls say the same when they come twice, so any of them may be repeated.
        return persist(lambda: self._once(method, action, at, params, data, headers or {}), self._pace, repeatable=True)

    def _once(self, method: str, action: str, at: dict, params: dict, data: bytes, headers: dict) -> bytes:
        url = self._base or f"https://{at.get('endpoint') or endpoints.host('oss', _region(at))}"
        try:
            # oss2 adds to the params and headers that it is given, hence the copies.
            answer = self._service(url, _region(at))._do(  # noqa: SLF001
                method, at.get("bucket", ""), "", params=dict(params), data=data or None, headers=dict(headers)
            )
            return answer.read()
        except self._sdk.exceptions.RequestError as error:
            raise CloudError(action, CONNECTION, f"no answer from {url} ({type(error.exception).__name__})") from None
        except self._sdk.exceptions.ClientError:
            raise CloudError(action, NOT_THE_CLOUD, f"oss2 can't send it to {url}, nothing was sent") from None
        except self._sdk.exceptions.OssError as error:
            if not error.code:
                raise _stranger(action, url, error.status) from None
            raise CloudError(
                action, error.code, error.message or "no message", error.request_id, error.status
            ) from None
        except OSError as error:
            # requests lets a connection that breaks while the body is read through under its own name.
            raise CloudError(action, CONNECTION, f"the answer of {url} broke off ({type(error).__name__})") from None
        except (ValueError, LookupError):
            # oss2 takes every page of an error for UTF-8, whole and of an encoding that its parser knows.
            raise _stranger(action, url) from None

    def _service(self, url: str, region: str) -> Service:
        with self._lock:
            if (url, region) not in self._services:
                self._services[url, region] = self._sdk.Service(
                    self._auth,
                    url,
                    session=self._session,
                    connect_timeout=(CONNECT_SECONDS, READ_SECONDS),
                    app_name="hardening.alicloud",
                    region=region,
                    proxies=endpoints.proxies(urlsplit(url).hostname or ""),
                    is_path_style=bool(self._base),
                )
            return self._services[url, region]


def _before(action: str, read: Callable[[dict], T], params: dict) -> T:
    """What has to be read before this action; where it can't be, nothing is sent."""
    try:
        return read(params)
    except CloudError as error:
        raise NotSentError(f"{action} was not sent: {error}") from None


def canonical(document: str | None) -> str | None:
    """A lifecycle document without the differences that mean nothing."""
    return None if document is None else ElementTree.canonicalize(document, strip_text=True)


WRITES = {
    "PutBucketAcl": Write(
        setting="acl",
        send=lambda cloud, params: cloud.oss.put_acl(params),
        holds=lambda cloud, params: cloud.oss.acl(params) == params["acl"],
    ),
    "PutBucketPublicAccessBlock": Write(
        setting="block_public_access",
        send=lambda cloud, params: cloud.oss.put_block(params),
        holds=lambda cloud, params: cloud.oss.blocked(params) == (params["block"] == "true"),
    ),
    "PutBucketVersioning": Write(
        setting="versioning",
        send=lambda cloud, params: cloud.oss.put_versioning(params),
        holds=lambda cloud, params: cloud.oss.versioning(params) == params["status"],
    ),
    "PutBucketLifecycle": Write(
        setting="lifecycle",
        send=lambda cloud, params: cloud.oss.put_lifecycle(params),
        holds=lambda cloud, params: canonical(cloud.oss.lifecycle(params)) == canonical(params["document"]),
    ),
    "DeleteBucketLifecycle": Write(
        setting="lifecycle",
        send=lambda cloud, params: cloud.oss.delete("DeleteBucketLifecycle", params, "lifecycle"),
        holds=lambda cloud, params: cloud.oss.lifecycle(params) is None,
    ),
}


def _document(root: str, child: str, value: str) -> str:
    return f"<{root}><{child}>{value}</{child}></{root}>"


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _flag(action: str, element: Element, path: str, *, absent: bool | None = None) -> bool:
    """A true or false of an answer; absent: what it means that it says neither, None where it has to."""
    said = _text(element, path).lower()
    if not said and absent is not None:
        return absent
    if said not in ("true", "false"):
        raise CloudError(action, NOT_THE_CLOUD, f"the answer has no true or false for {path}")
    return said == "true"


def _acl(action: str, element: Element, path: str) -> str:
    acl = _text(element, path)
    if acl not in OPENNESS:
        raise CloudError(action, NOT_THE_CLOUD, f"the answer has no ACL of a bucket for {path}")
    return acl


def _region(at: dict) -> str:
    return at.get("region") or endpoints.HOME_REGION


def _stranger(action: str, url: str, status: int = 0) -> CloudError:
    return CloudError(action, NOT_THE_CLOUD, f"{url} answered with something that is not OSS", status=status)
