# SPDX-License-Identifier: GPL-3.0-or-later
"""Log Service through aliyun-log-python-sdk. Nothing else imports that SDK.

The SDK signs (V4) and names each call; the request is sent from here, since its own sender would follow redirects,
read .netrc files, repeat failed calls as it likes, and put signed headers into its errors.
Every call names region, project and (where there is one) logstore in its params, so that a journal can replay it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from . import endpoints
from .credentials import Keys
from .errors import CONNECTION, NOT_THE_CLOUD, CloudError, HardeningError
from .progress import progress
from .retry import Pace, insist, persist
from .writes import Write

CONNECT_SECONDS = 5
READ_SECONDS = 20
# What ends a word in the index; it suits every kind of entry.
TOKENS = list(", '\";=()[]{}?@&<>/:\n\t\r")
PROJECT_GONE, LOGSTORE_GONE, INDEX_GONE = "ProjectNotExist", "LogStoreNotExist", "IndexConfigNotExist"


@dataclass(frozen=True)
class Place:
    """Where logs may go: a logstore of a project, as it is. days: its retention, None where there is no such logstore.

    indexed: None where that was not looked at.
    """

    project: bool
    days: int | None = None
    indexed: bool | None = None

    @property
    def there(self) -> bool:
        """Logs can be delivered to it."""
        return self.days is not None


class SlsClient:
    """Signs, sends and parses Log Service calls; all regions share one pool of connections."""

    def __init__(self, keys: Keys, base: str | None, workers: int, pace: Pace):
        try:
            import requests
            from aliyun import log
        except ImportError:
            raise HardeningError(
                "The Python library aliyun-log-python-sdk is missing: pip install 'aliyun-log-python-sdk>=0.9.52' "
                "for the Python that runs Ansible's modules."
            ) from None
        self._sdk = log
        self._keys = keys
        self._base = base
        self._pace = pace
        self._broken = requests.RequestException
        self._web = requests.Session()
        self._web.trust_env = False
        self._web.verify = endpoints.ca_bundle()
        for scheme in ("https://", "http://"):
            self._web.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=workers))
        self._clients: dict = {}
        self._lock = threading.Lock()

    # Reading

    def place(self, region: str, project: str, logstore: str, index: bool) -> Place:
        """How a place for logs stands, with one call; two where index is to be looked at as well."""
        at = {"region": region, "project": project, "logstore": logstore}
        try:
            days = self._on_store("GetLogStore", at, "get_logstore").get_ttl()
        except CloudError as error:
            if error.code not in (PROJECT_GONE, LOGSTORE_GONE):
                raise
            return Place(project=error.code == LOGSTORE_GONE)
        return Place(project=True, days=days, indexed=self.indexed(at) if index else None)

    def has_project(self, at: dict) -> bool:
        """Whether the project is there, in this region."""
        return self._exists(lambda: self.call("GetProject", at, lambda client: client.get_project(at["project"])))

    def has_logstore(self, at: dict) -> bool:
        """Whether the logstore is there."""
        return self._exists(lambda: self._on_store("GetLogStore", at, "get_logstore"))

    def indexed(self, at: dict) -> bool:
        """Whether the logstore has an index."""
        return self._exists(lambda: self._on_store("GetIndex", at, "get_index_config"))

    def logstores(self, at: dict) -> list[str]:
        """The names of a project's logstores; none where there is no such project."""
        try:
            answer = self.call("ListLogStores", at, lambda client: client.list_logstore(at["project"], size=500))
        except CloudError as error:
            if error.code == PROJECT_GONE:
                return []
            raise
        return answer.get_logstores()

    def holds_logs(self, at: dict) -> bool:
        """Whether the logstore holds any entry, indexed or not: a shard is empty where its ends are one."""

        def end_of(shard: int, which: str) -> str:
            name = f"get_{which}_cursor"
            read = self.call(
                "GetCursor", at, lambda client: getattr(client, name)(at["project"], at["logstore"], shard)
            )
            return read.get_cursor()

        try:
            shards = [one["shardID"] for one in self._on_store("ListShards", at, "list_shards").get_shards_info()]
        except CloudError as error:
            if error.code in (PROJECT_GONE, LOGSTORE_GONE):
                return False
            raise
        return any(end_of(shard, "begin") != end_of(shard, "end") for shard in shards)

    def searchable(self, at: dict, since: float) -> bool:
        """Whether a search finds an entry that came after this time (seconds since the epoch)."""
        until = int(time.time()) + 60

        def search(client: Any) -> Any:
            return client.get_log(at["project"], at["logstore"], int(since), until, query="*", size=1)

        try:
            return self.call("GetLogs", at, search).get_count() > 0
        except CloudError as error:
            if error.code in (PROJECT_GONE, LOGSTORE_GONE, INDEX_GONE):
                return False  # just made, and not known everywhere yet
            raise

    # Writing

    def create_project(self, at: dict) -> None:
        """Make a project, unless this account has it already in this region."""
        try:
            self.call("CreateProject", at, lambda client: client.create_project(at["project"], at["description"]))
        except CloudError as error:
            if error.code != "ProjectAlreadyExist":
                raise
            if not self._ours(at):
                raise CloudError("CreateProject", error.code, taken(at["project"]), error.request_id) from None

    def create_logstore(self, at: dict) -> None:
        """Make a logstore of two shards that keeps logs for at["days"], unless it is there already."""

        def create(client: Any) -> Any:
            return client.create_logstore(
                at["project"], at["logstore"], ttl=at["days"], shard_count=2, auto_split=True, max_split_shard=64
            )

        self._make("CreateLogStore", at, create, "LogStoreAlreadyExist")

    def create_index(self, at: dict) -> None:
        """Give a logstore an index over all text, unless it has one already: that is never overwritten."""
        config = self._sdk.IndexConfig(line_config=self._sdk.IndexLineConfig(token_list=TOKENS))
        self._make(
            "CreateIndex",
            at,
            lambda client: client.create_index(at["project"], at["logstore"], config),
            "IndexAlreadyExist",
        )

    def delete(self, action: str, at: dict) -> None:
        """DeleteProject, DeleteLogStore or DeleteIndex; nothing that is gone already, and nothing that holds logs."""
        reason = refuses_project(self, at) if action == "DeleteProject" else refuses_logstore(self, at)
        if reason:
            raise HardeningError(f"{action} was not sent: {reason}.")
        if action == "DeleteProject":
            self._exists(lambda: self.call(action, at, lambda client: client.delete_project(at["project"])))
        else:
            method = "delete_logstore" if action == "DeleteLogStore" else "delete_index"
            self._exists(lambda: self._on_store(action, at, method))

    def _make(self, action: str, at: dict, create: Callable[[Any], Any], there: str) -> None:
        try:
            insist(lambda: self.call(action, at, create), (PROJECT_GONE, LOGSTORE_GONE))
        except CloudError as error:
            if error.code != there:
                raise

    def _ours(self, at: dict) -> bool:
        try:
            return self.has_project(at)
        except CloudError as error:
            if error.denied:
                return False
            raise

    @staticmethod
    def _exists(read: Callable[[], Any]) -> bool:
        try:
            read()
        except CloudError as error:
            if error.code in (PROJECT_GONE, LOGSTORE_GONE, INDEX_GONE):
                return False
            raise
        return True

    # The wire

    def _on_store(self, action: str, at: dict, method: str) -> Any:
        return self.call(action, at, lambda client: getattr(client, method)(at["project"], at["logstore"]))

    def call(self, action: str, at: dict, ask: Callable[[Any], Any]) -> Any:
        """The SDK's answer to one call. Each does the same when it comes twice, so it may be repeated."""
        progress.call(f"sls {action}")
        return persist(lambda: self._once(action, at["region"], ask), self._pace, repeatable=True)

    def _once(self, action: str, region: str, ask: Callable[[Any], Any]) -> Any:
        try:
            return ask(self._client(region))
        except CloudError as error:
            raise CloudError(action, error.code, error.message, error.request_id, error.status) from None
        except Exception as error:  # noqa: BLE001
            # Errors of the SDK's own parsing may quote headers.
            name = type(error).__name__
            raise CloudError(action, NOT_THE_CLOUD, f"Log Service's answer made the SDK fail with {name}") from None

    def _client(self, region: str) -> Any:
        with self._lock:
            if region not in self._clients:
                client = self._sdk.LogClient(
                    f"https://{endpoints.host('sls', region)}",
                    self._keys.id,
                    self._keys.secret,
                    self._keys.token or None,
                    source="hardening.alicloud",
                    auth_version="v4",
                    region=region,
                )
                client.set_user_agent("hardening.alicloud")
                # The one method through which the SDK sends; what it raises here, it does not repeat.
                client._sendRequest = self._send  # noqa: SLF001
                self._clients[region] = client
            return self._clients[region]

    def _send(
        self, method: str, url: str, params: dict | None, body: bytes | None, headers: dict, kind: str = "json"
    ) -> tuple[Any, dict]:
        if self._base:
            # The Host header still names project and region.
            url = self._base + urlsplit(url).path
        host = urlsplit(url).hostname or ""
        try:
            answer = self._web.request(
                method,
                url,
                params=params,
                data=body,
                headers=headers,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                proxies=endpoints.proxies(host),
            )
        except self._broken as error:
            raise CloudError("", CONNECTION, f"no answer from {host} ({type(error).__name__})") from None
        if answer.status_code == 200 and kind != "json":
            return answer.content, dict(answer.headers)
        document = _parse(host, answer)
        if answer.status_code == 200:
            return document, dict(answer.headers)
        if not isinstance(document, dict) or not document.get("errorCode"):
            raise CloudError("", NOT_THE_CLOUD, f"{host} answered with something else", status=answer.status_code)
        raise CloudError(
            "",
            document["errorCode"],
            document.get("errorMessage") or "no message",
            answer.headers.get("x-log-requestid", ""),
            answer.status_code,
        )


def _parse(host: str, answer: Any) -> Any:
    if not answer.content:
        return None
    try:
        return json.loads(answer.content)
    except ValueError:
        raise CloudError("", NOT_THE_CLOUD, f"{host} did not answer JSON", status=answer.status_code) from None


def refuses_target(sls: SlsClient, params: dict) -> str | None:
    """Why a load balancer's logs can't be sent back to where params says (RegionId, LogProject, LogStore)."""
    place = sls.place(params["RegionId"], params["LogProject"], params["LogStore"], index=False)
    return None if place.there else f"{params['LogProject']}/{params['LogStore']} does not exist any more"


def taken(project: str) -> str:
    """What to tell where a project's name is somebody else's."""
    return (
        f"the Log Service project name {project} is taken (names are global: another account has it, or this one in "
        "another region); choose another name with log_project"
    )


def refuses_project(sls: SlsClient, at: dict) -> str | None:
    """Why a project must not be deleted: it holds logs, or logstores that this collection knows nothing of."""
    names = sls.logstores(at)
    foreign = sorted(set(names) - set(at["logstores"]))
    if foreign:
        return f"the project {at['project']} also holds {', '.join(foreign)}"
    reasons = (refuses_logstore(sls, {**at, "logstore": name}) for name in names)
    return next((reason for reason in reasons if reason), None)


def refuses_logstore(sls: SlsClient, at: dict) -> str | None:
    """Why a logstore or its index must not be deleted: logs arrived since it was made."""
    return (
        f"logs have arrived in {at['project']}/{at['logstore']}, and must not be lost" if sls.holds_logs(at) else None
    )


WRITES = {
    "CreateProject": Write(
        setting="project",
        send=lambda cloud, params: cloud.sls.create_project(params),
        holds=lambda cloud, params: cloud.sls.has_project(params),
    ),
    "DeleteProject": Write(
        setting="project",
        send=lambda cloud, params: cloud.sls.delete("DeleteProject", params),
        holds=lambda cloud, params: not cloud.sls.has_project(params),
        refuses=lambda cloud, params: refuses_project(cloud.sls, params),
    ),
    "CreateLogStore": Write(
        setting="logstore",
        send=lambda cloud, params: cloud.sls.create_logstore(params),
        holds=lambda cloud, params: cloud.sls.has_logstore(params),
    ),
    "DeleteLogStore": Write(
        setting="logstore",
        send=lambda cloud, params: cloud.sls.delete("DeleteLogStore", params),
        holds=lambda cloud, params: not cloud.sls.has_logstore(params),
        refuses=lambda cloud, params: refuses_logstore(cloud.sls, params),
    ),
    "CreateIndex": Write(
        setting="index",
        send=lambda cloud, params: cloud.sls.create_index(params),
        holds=lambda cloud, params: cloud.sls.indexed(params),
    ),
    "DeleteIndex": Write(
        setting="index",
        send=lambda cloud, params: cloud.sls.delete("DeleteIndex", params),
        holds=lambda cloud, params: not cloud.sls.indexed(params),
        refuses=lambda cloud, params: refuses_logstore(cloud.sls, params),
    ),
}
