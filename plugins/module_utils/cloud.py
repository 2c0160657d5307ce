# SPDX-License-Identifier: GPL-3.0-or-later
"""One account of Alibaba Cloud, as the modules see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

from . import endpoints
from .credentials import Keys, resolve, setting
from .errors import NOT_THE_CLOUD, CloudError, OptionError
from .progress import progress
from .retry import APART, Pace, persist
from .rpc import RpcClient

if TYPE_CHECKING:
    from .oss import OssClient
    from .sls import SlsClient

T = TypeVar("T")
R = TypeVar("R")


class Cloud:
    """Calls to one account: signed, paced, retried, and mapped over many resources at once."""

    def __init__(self, keys: Keys, base: str | None, workers: int, assume_role_arn: str | None = None):
        self._base = base
        self._workers = workers
        self._paces: dict[str, Pace] = {}
        self.warnings: list[str] = []
        self.keys = self._assume(keys, assume_role_arn) if assume_role_arn else keys
        self._rpc = RpcClient(self.keys, base, workers)

    @classmethod
    def connect(cls, options: SimpleNamespace) -> Cloud:
        """The account that the connection options lead to; nothing is called yet but for a role to assume."""
        if options.workers < 1:
            raise OptionError("workers must be 1 or more.")
        base = endpoints.check_base(setting(options, "endpoint_url"))
        return cls(resolve(options), base, options.workers, setting(options, "assume_role_arn"))

    @cached_property
    def account_id(self) -> str:
        """The account's number. The first call of every run, so that a wrong key is told at once."""
        return str(_part("GetCallerIdentity", self.rpc("sts", "GetCallerIdentity"), "AccountId"))

    @cached_property
    def oss(self) -> OssClient:
        """The OSS side of the account; its SDK is loaded on first use."""
        from .oss import OssClient

        return OssClient(self.keys, self._base, self._workers, self._pace("oss"))

    @cached_property
    def sls(self) -> SlsClient:
        """The Log Service side of the account; its SDK is loaded on first use."""
        from .sls import SlsClient

        return SlsClient(self.keys, self._base, self._workers, self._pace("sls"))

    def rpc(
        self,
        product: str,
        action: str,
        params: dict | None = None,
        region: str = endpoints.HOME_REGION,
        repeatable: bool = True,
    ) -> dict:
        """The answer of one RPC call. repeatable: it may come twice without harm (every read, many writes)."""
        progress.call(f"{product} {action}")
        return persist(lambda: self._rpc.call(product, action, params or {}, region), self._pace(product), repeatable)

    def all_regions(self) -> list[str]:
        """The ids of every region that this account has, asked for once."""
        return list(self._regions)

    @cached_property
    def _regions(self) -> list[str]:
        regions = _part("DescribeRegions", self.rpc("ecs", "DescribeRegions"), "Regions", "Region")
        return [_part("DescribeRegions", region, "RegionId") for region in regions]

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> list[R | CloudError]:
        """function over all items at once, up to the number of workers; answers in the items' order.

        A call that the cloud refused leaves its CloudError in its place; every other exception ends the run.
        """

        def guarded(item: T) -> R | CloudError:
            try:
                return function(item)
            except CloudError as error:
                return error
            finally:
                progress.done()

        items = list(items)
        progress.begin(len(items))
        with ThreadPoolExecutor(self._workers) as pool:
            return list(pool.map(guarded, items))

    def _pace(self, product: str) -> Pace:
        return self._paces.setdefault(product, Pace(self._workers, APART.get(product, 0.0)))

    def _assume(self, keys: Keys, role_arn: str) -> Keys:
        client = RpcClient(keys, self._base, 1)
        params = {"RoleArn": role_arn, "RoleSessionName": "hardening-alicloud"}

        def ask() -> dict:
            return client.call("sts", "AssumeRole", params, endpoints.HOME_REGION)

        answer = persist(ask, self._pace("sts"), repeatable=True)
        parts = ("AccessKeyId", "AccessKeySecret", "SecurityToken")
        return Keys(*(_part("AssumeRole", answer, "Credentials", part) for part in parts))


def _part(action: str, answer: object, *path: str) -> Any:
    """What an answer holds there; CloudError where that is nothing."""
    for name in path:
        answer = answer.get(name) if isinstance(answer, dict) else None
    if not answer:
        raise CloudError(action, NOT_THE_CLOUD, f"the answer has no {'.'.join(path)}")
    return answer
