# SPDX-License-Identifier: GPL-3.0-or-later
"""An account that can be changed, and modules run on it within the test's own process."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils import enforce, undo

from tests.unit.examples import FakeCloud

if TYPE_CHECKING:
    from ansible_collections.hardening.alicloud.plugins.module_utils.errors import CloudError

CLOSED = {"acl": "private", "blocked": False, "versioning": "", "policy_is_public": False, "domains": ()}
PUBLIC = {**CLOSED, "acl": "public-read"}


class World(FakeCloud):
    """Buckets by name; refuse holds (bucket, action) to the error of that call, lag the reads that come too late.

    sent is what was written, in order.
    """

    def __init__(self, buckets: dict[str, dict], refuse: dict[tuple[str, str], CloudError] | None = None, lag: int = 0):
        super().__init__({"": {"account_blocked": False}, **{name: dict(bucket) for name, bucket in buckets.items()}})
        self.keys = SimpleNamespace(secret="secret-of-the-key", token=None)
        self.refuse = refuse or {}
        self.lag = lag
        self.sent: list[tuple[str, str]] = []
        self._old: dict[str, tuple[int, dict]] = {}
        self._lock = threading.Lock()

    def put_acl(self, params: dict) -> None:
        """Set the ACL."""
        self._put("PutBucketAcl", params, "acl", params["acl"])

    def put_block(self, params: dict) -> None:
        """Switch Block Public Access."""
        self._put("PutBucketPublicAccessBlock", params, "blocked", params["block"] == "true")

    def put_versioning(self, params: dict) -> None:
        """Set versioning."""
        self._put("PutBucketVersioning", params, "versioning", params["status"])

    def bucket_info(self, where: dict) -> dict:
        """What GetBucketInfo tells."""
        self._answer(where["bucket"], "bucket_info")
        shown = self._shown(where["bucket"])
        return {name: shown[name] for name in ("acl", "blocked", "versioning")}

    def _put(self, action: str, params: dict, name: str, value: object) -> None:
        bucket = params["bucket"]
        with self._lock:
            if (bucket, action) in self.refuse:
                raise self.refuse[bucket, action]
            late, old = self._old.get(bucket, (0, {}))
            self._old[bucket] = (self.lag, old if late > 0 else dict(self.reads[bucket]))
            self.reads[bucket][name] = value
            self.sent.append((bucket, action))

    def _shown(self, bucket: str) -> dict:
        with self._lock:
            late, old = self._old.get(bucket, (0, {}))
            self._old[bucket] = (late - 1, old)
            return old if late > 0 else self.reads[bucket]


class Module:
    """Stands in for AnsibleModule: options with their defaults in, outcome out."""

    def __init__(self, given: dict, *, check: bool):
        self._name = "hardening.alicloud.oss_bucket_acl"
        self._given = given
        self.check_mode = check
        self.no_log_values: set[str] = set()
        self.outcome: dict = {"warnings": []}

    def __call__(self, argument_spec: dict, supports_check_mode: bool) -> Module:  # noqa: FBT001
        """Be made by the module."""
        assert supports_check_mode
        assert self._given.keys() <= argument_spec.keys()
        self.params = {name: spec.get("default") for name, spec in argument_spec.items()} | self._given
        return self

    def warn(self, warning: str) -> None:
        """Keep a warning."""
        self.outcome["warnings"].append(warning)

    def exit_json(self, **result: object) -> None:
        """End well."""
        self.outcome |= {"failed": False, "msg": "", **result}
        raise SystemExit(0)

    def fail_json(self, **result: object) -> None:
        """End badly."""
        self.outcome |= {"failed": True, **result}
        raise SystemExit(1)


class Player:
    """Runs modules on a world; waits is how long each run slept."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, journal: object):
        self._patch = monkeypatch
        self.journal = journal
        self.waits: list[float] = []
        for part in (enforce, undo):
            monkeypatch.setattr(part, "time", SimpleNamespace(sleep=self.waits.append))

    def __call__(self, world: World, main, *, check: bool = False, **given: object) -> dict:
        """The outcome of a module: what it returns, failed, msg and warnings."""
        module = Module({"journal": str(self.journal), **given}, check=check)
        world.warnings = []
        self._patch.setattr(enforce, "AnsibleModule", module)
        self._patch.setattr(enforce.Cloud, "connect", lambda _options: world)
        with pytest.raises(SystemExit):
            main()
        return module.outcome
