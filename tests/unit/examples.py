# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that many tests need, and an account that is a dict."""

from __future__ import annotations

from types import SimpleNamespace

from ansible_collections.hardening.alicloud.plugins.module_utils.errors import CloudError
from ansible_collections.hardening.alicloud.plugins.module_utils.values import Call, Change, Finding, Resource

ACCOUNT = "1234567890123456"
REGION = "ap-northeast-1"
READ = "oss-bucket-public-read-prohibited"
WRITE = "oss-bucket-public-write-prohibited"
POLICY = "oss-bucket-policy-no-any-anonymous"


def a_resource(name: str = "acme-site") -> Resource:
    """A bucket's name as everything that is known of it without reading it."""
    return Resource(f"acs:oss:*:{ACCOUNT}:{name}", "ACS::OSS::Bucket", name, name, REGION, ACCOUNT)


def at(name: str = "acme-site") -> dict:
    """Where a bucket is, as calls name it."""
    return {"bucket": name, "region": REGION, "endpoint": f"oss-{REGION}.aliyuncs.com"}


def set_acl(name: str, acl: str, before: str = "public-read") -> Change:
    """The change of a bucket's ACL."""
    call, undo = (Call("oss", "PutBucketAcl", {**at(name), "acl": value}) for value in (acl, before))
    return Change(a_resource(name), call, undo, f"acl: {before}", f"acl: {acl}")


def a_finding(name: str = "acme-site", status: str = "open", control: str = READ, **fields: object) -> Finding:
    """A finding about a bucket."""
    return Finding(control, a_resource(name), status, **fields)


def refused(action: str = "GetBucketInfo", code: str = "AccessDenied", status: int = 403) -> CloudError:
    """A call that the cloud refused."""
    return CloudError(action, code, "You have no right to access this object.", "5F3C-1", status)


class FakeCloud:
    """An account that answers from a table: reads[bucket][question], and reads[""] for what is asked of no bucket.

    An answer that is an error is raised; asked keeps every question with its bucket.
    """

    def __init__(self, reads: dict[str, dict]):
        self.reads = reads
        self.asked: list[tuple[str, str]] = []
        self.warnings: list[str] = []
        self.account_id = ACCOUNT
        self.oss = self

    def list_buckets(self) -> list[dict]:
        """Every bucket of the table."""
        self._answer("", "list_buckets")
        return [{"name": name, "region": REGION, "endpoint": at(name)["endpoint"]} for name in self.reads if name]

    def account_blocked(self) -> bool:
        """The account's own answer."""
        return self._answer("", "account_blocked")

    def all_regions(self) -> list[str]:
        """One region more than any bucket is in."""
        return [REGION, "cn-hangzhou"]

    def map(self, function, items) -> list:
        """As Cloud.map, one after the other."""
        answers = []
        for item in items:
            try:
                answers.append(function(item))
            except CloudError as error:
                answers.append(error)
        return answers

    def __getattr__(self, question: str):
        return lambda where: self._answer(where["bucket"], question)

    def _answer(self, bucket: str, question: str) -> object:
        self.asked.append((bucket, question))
        answer = self.reads.get(bucket, {}).get(question)
        if isinstance(answer, Exception):
            raise answer
        return answer


def options(**given: object) -> SimpleNamespace:
    """Options of a module, those that choose buckets at their defaults."""
    return SimpleNamespace(**{"names": ["*"], "regions": [], **given})
