# SPDX-License-Identifier: GPL-3.0-or-later
"""What OSS answers, and what answers in its place: nothing that is not OSS is taken for a bucket without risks."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils import retry
from ansible_collections.hardening.alicloud.plugins.module_utils.cloud import Cloud
from ansible_collections.hardening.alicloud.plugins.module_utils.credentials import Keys
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import NOT_THE_CLOUD, CloudError, NotSentError
from ansible_collections.hardening.alicloud.plugins.module_utils.oss import ROOTS, OssClient

from tests.unit.examples import at, refused

CHINESE = "<html><body>访问被拒绝</body></html>"
# oss2 reads 4096 bytes of a page: one of these is cut within a character.
LONG = [f"<html>{'x' * start}{'网' * 3000}".encode() for start in range(3)]
DECLARED = '<?xml version="1.0" encoding="{}"?><html/>'
READS = {
    "GetBucketInfo": lambda oss: oss.bucket_info(at()),
    "GetBucketAcl": lambda oss: oss.acl(at()),
    "GetPublicAccessBlock": OssClient.account_blocked,
    "GetBucketPublicAccessBlock": lambda oss: oss.blocked(at()),
    "GetBucketPolicyStatus": lambda oss: oss.policy_is_public(at()),
    "GetBucketWebsite": lambda oss: oss.mirrors(at()),
    "ListCname": lambda oss: oss.domains(at()),
    "GetBucketWorm": lambda oss: oss.retention(at()),
    "GetBucketVersioning": lambda oss: oss.versioning(at()),
    "GetBucketLifecycle": lambda oss: oss.lifecycle(at()),
    "ListBuckets": lambda oss: list(oss.list_buckets()),
}


@pytest.fixture
def web(monkeypatch):
    """Give a server that answers every call with its status and body; asked counts them."""
    monkeypatch.setattr(retry, "backoff", lambda _tries: 0.0)
    says = SimpleNamespace(status=200, body=b"", asked=0)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            says.asked += 1
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(says.status)
            self.send_header("Content-Length", str(len(says.body)))
            self.end_headers()
            self.wfile.write(says.body)

        do_PUT = do_GET  # noqa: N815

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    says.cloud = Cloud(Keys("id", "secret"), f"http://127.0.0.1:{server.server_port}", 2)
    yield says
    server.shutdown()
    server.server_close()


def code(ask) -> str:
    """The code with which a question fails."""
    with pytest.raises(CloudError) as failure:
        ask()
    return failure.value.code


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, CHINESE.encode("gbk")),
        (403, DECLARED.format("gbk").encode()),
        (403, DECLARED.format("no-such-encoding").encode()),
        *((502, page) for page in LONG),
        (200, CHINESE.encode("gbk")),
        (200, DECLARED.format("gbk").encode()),
        (200, DECLARED.format("no-such-encoding").encode()),
        (200, b""),
        (200, b"\0\xff"),
    ],
    ids=lambda value: value if isinstance(value, int) else repr(value[:40]),
)
def test_a_page_in_any_encoding_is_not_the_cloud(web, status, body):
    """Whatever a proxy or a portal answers with, to a read or to a write, it is told and is not taken for OSS."""
    web.status, web.body = status, body
    assert code(lambda: web.cloud.oss.bucket_info(at())) == NOT_THE_CLOUD
    if status != 200:
        assert code(lambda: web.cloud.oss.put_block({**at(), "block": "true"})) == NOT_THE_CLOUD


@pytest.mark.parametrize("body", ["<foo/>", "<html/>", "<Error/>"])
@pytest.mark.parametrize("action", ROOTS)
def test_an_answer_to_something_else_is_not_the_cloud(web, action, body):
    """Each answer has its own root; another would look like one that holds nothing."""
    web.body = body.encode()
    assert code(lambda: READS[action](web.cloud.oss)) == NOT_THE_CLOUD


@pytest.mark.parametrize(
    ("said", "public"), [("true", True), ("True", True), ("TRUE", True), (" true\n", True), ("false", False)]
)
def test_a_policy_is_public_as_oss_says(web, said, public):
    """In any case of letters."""
    web.body = f"<PolicyStatus><IsPublic>{said}</IsPublic></PolicyStatus>".encode()
    assert web.cloud.oss.policy_is_public(at()) is public


@pytest.mark.parametrize("inside", ["", "<IsPublic/>", "<IsPublic>yes</IsPublic>", "<Public>false</Public>"])
def test_a_policy_of_which_nothing_is_said_is_not_closed(web, inside):
    """Neither true nor false is no judgement."""
    web.body = f"<PolicyStatus>{inside}</PolicyStatus>".encode()
    assert code(lambda: web.cloud.oss.policy_is_public(at())) == NOT_THE_CLOUD


@pytest.mark.parametrize(("said", "blocked"), [("true", True), ("True", True), ("false", False), ("", False)])
def test_block_public_access_is_on_only_where_that_is_said(web, said, blocked):
    """Silence about it is no protection."""
    web.body = f"<PublicAccessBlockConfiguration><BlockPublicAccess>{said}</BlockPublicAccess></PublicAccessBlockConfiguration>".encode()  # noqa: E501
    assert web.cloud.oss.blocked(at()) is web.cloud.oss.account_blocked() is blocked


def info(acl: str, more: str = "") -> bytes:
    """An answer of GetBucketInfo."""
    return f"<BucketInfo><Bucket><AccessControlList><Grant>{acl}</Grant></AccessControlList>{more}</Bucket></BucketInfo>".encode()  # noqa: E501


def test_a_bucket_is_what_its_information_says(web):
    """What was never set is not in it."""
    web.body = info("public-read")
    assert web.cloud.oss.bucket_info(at()) == {"acl": "public-read", "blocked": False, "versioning": ""}
    web.body = info("private", "<Versioning>Enabled</Versioning><BlockPublicAccess>true</BlockPublicAccess>")
    assert web.cloud.oss.bucket_info(at()) == {"acl": "private", "blocked": True, "versioning": "Enabled"}


@pytest.mark.parametrize(
    "body", [b"<BucketInfo/>", info(""), info("default"), info("private", "<BlockPublicAccess>1</BlockPublicAccess>")]
)
def test_a_bucket_with_an_acl_that_nobody_knows_is_unread(web, body):
    """It is this bucket's error, and no other's."""
    web.body = body
    assert code(lambda: web.cloud.oss.bucket_info(at())) == NOT_THE_CLOUD


def page(more: str) -> bytes:
    """An answer of ListBuckets."""
    bucket = "<Bucket><Name>acme-site</Name><Location>oss-cn-hangzhou</Location></Bucket>"
    return f"<ListAllMyBucketsResult>{more}<Buckets>{bucket}</Buckets></ListAllMyBucketsResult>".encode()


def test_a_list_that_goes_on_does_not_end_in_silence(web):
    """A page that is not the last one says where the next one begins."""
    for last in ("", "<IsTruncated>false</IsTruncated>", "<IsTruncated>false</IsTruncated><NextMarker/>"):
        web.body = page(last)
        assert [bucket["name"] for bucket in web.cloud.oss.list_buckets()] == ["acme-site"]
    for more in ("<IsTruncated>true</IsTruncated>", "<IsTruncated>perhaps</IsTruncated>"):
        web.body = page(more)
        assert code(lambda: list(web.cloud.oss.list_buckets())) == NOT_THE_CLOUD


def test_an_address_that_oss2_does_not_take_is_told():
    """It knows no IPv6 addresses."""
    cloud = Cloud(Keys("id", "secret"), "http://[::1]:9", 2)
    assert code(lambda: cloud.oss.bucket_info(at())) == NOT_THE_CLOUD


def test_a_server_that_fails_is_asked_again(web):
    """As long as its answer can be read at all."""
    web.status, web.body = 502, b"<html>Bad Gateway</html>"
    assert code(lambda: web.cloud.oss.bucket_info(at())) == NOT_THE_CLOUD
    assert web.asked == retry.PASSING_TRIES


RULES = "<LifecycleConfiguration><Rule><ID>{}</ID></Rule></LifecycleConfiguration>"


@pytest.mark.parametrize(
    ("over", "there", "sent"),
    [
        (None, None, True),
        (None, RULES.format("theirs"), True),
        ("", None, True),
        ("", RULES.format("theirs"), False),
        (RULES.format("old"), RULES.format("old"), True),
        (RULES.format("old"), RULES.format("old").replace("><", ">\n  <"), True),
        (RULES.format("old"), RULES.format("new"), False),
        (RULES.format("old"), None, False),
    ],
)
def test_lifecycle_rules_take_the_place_of_those_that_were_read_only(monkeypatch, over, there, sent):
    """Rules that somebody else put there since are not lost."""
    puts = []
    monkeypatch.setattr(OssClient, "lifecycle", lambda _oss, _at: there)
    monkeypatch.setattr(OssClient, "put", lambda _oss, action, *_more: puts.append(action))
    params = {**at(), "document": RULES.format("merged"), **({} if over is None else {"over": over})}
    oss = object.__new__(OssClient)
    if sent:
        oss.put_lifecycle(params)
    else:
        with pytest.raises(NotSentError, match="was not sent: somebody changed the lifecycle rules"):
            oss.put_lifecycle(params)
    assert puts == ["PutBucketLifecycle"] * sent


@pytest.mark.parametrize(
    ("read", "put", "params"),
    [
        ("acl", OssClient.put_acl, {"acl": "private"}),
        ("lifecycle", OssClient.put_lifecycle, {"over": "", "document": RULES.format("ours")}),
    ],
)
def test_nothing_is_sent_where_what_is_read_before_it_is_denied(monkeypatch, read, put, params):
    """The error says so, so that nobody takes the change for one that may have come through."""

    def deny(_oss, _at):
        raise refused()

    monkeypatch.setattr(OssClient, read, deny)
    monkeypatch.setattr(OssClient, "put", lambda *_unused: pytest.fail("sent"))
    with pytest.raises(NotSentError, match=r"was not sent: GetBucketInfo failed: .* \(AccessDenied"):
        put(object.__new__(OssClient), {**at(), **params})
