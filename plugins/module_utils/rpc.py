# SPDX-License-Identifier: GPL-3.0-or-later
"""RPC products (ECS, STS, …) through aliyun-python-sdk-core. Nothing else imports that SDK."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from . import endpoints
from .credentials import Keys
from .errors import CONNECTION, NO_HOST, NOT_THE_CLOUD, CloudError, HardeningError

CONNECT_SECONDS = 5
READ_SECONDS = 20

if TYPE_CHECKING:
    from aliyunsdkcore.client import AcsClient


class RpcClient:
    """Signs and sends single RPC calls; one SDK client, and so one pool of connections, for each host."""

    def __init__(self, keys: Keys, base: str | None, workers: int):
        try:
            from aliyunsdkcore import client
        except ImportError:
            raise HardeningError(
                "The Python library aliyun-python-sdk-core is missing: pip install 'aliyun-python-sdk-core>=2.16.1' "
                "for the Python that runs Ansible's modules."
            ) from None
        # With DEBUG=sdk the SDK would log the headers and URLs of every call, signatures and tokens included.
        os.environ.pop("DEBUG", None)
        self._sdk = client
        self._keys = keys
        self._base = base
        self._workers = workers
        self._clients: dict = {}
        self._lock = threading.Lock()

    def call(self, product: str, action: str, params: dict, region: str) -> dict:
        """The parsed answer of one call; CloudError for everything else. params may hold lists and dicts."""
        from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
        from aliyunsdkcore.request import CommonRequest

        # The scheme stands in the domain: the SDK's default is plain http, and its protocol test compares identities.
        domain = self._base or f"https://{endpoints.host(product, region)}"
        request = CommonRequest(domain=domain, version=endpoints.VERSIONS[product], action_name=action)
        request.set_method("POST")
        request.add_query_param("RegionId", region)
        if self._keys.token:
            request.add_query_param("SecurityToken", self._keys.token)
        for name, value in flatten(params):
            request.add_body_params(name, value)
        try:
            body = self._client(domain).do_action_with_exception(request)
        except ServerException as error:
            raise _refused(action, error) from None
        except ClientException as error:
            raise _unsent(action, domain, str(error)) from None
        except Exception as error:  # noqa: BLE001
            # The SDK lets errors of its own parsing through, and they may quote the signed URL.
            raise CloudError(
                action, NOT_THE_CLOUD, f"the answer of {domain} made the SDK fail with {type(error).__name__}"
            ) from None
        return _parse(action, domain, body)

    def _client(self, domain: str) -> AcsClient:
        with self._lock:
            if domain not in self._clients:
                client = self._sdk.AcsClient(
                    self._keys.id,
                    self._keys.secret,
                    endpoints.HOME_REGION,
                    auto_retry=False,
                    connect_timeout=CONNECT_SECONDS,
                    timeout=READ_SECONDS,
                    pool_size=self._workers,
                    verify=endpoints.ca_bundle(),
                    # An entry that fits no URL keeps the SDK from reading the environment itself.
                    proxy=endpoints.proxies(urlsplit(domain).hostname or "") or {"none": "none"},
                )
                client.session.trust_env = False
                client.set_user_agent("hardening.alicloud")
                self._clients[domain] = client
            return self._clients[domain]


def flatten(params: dict, prefix: str = "") -> list[tuple[str, str]]:
    """Parameters as RPC wants them: lists as Name.1, Name.2, their dicts as Name.1.Key; None is left out."""
    flat: list[tuple[str, str]] = []
    for name, value in params.items():
        if isinstance(value, dict):
            flat += flatten(value, f"{prefix}{name}.")
        elif isinstance(value, (list, tuple)):
            flat += flatten({str(place): item for place, item in enumerate(value, start=1)}, f"{prefix}{name}.")
        elif isinstance(value, bool):
            flat.append((prefix + name, "true" if value else "false"))
        elif value is not None:
            flat.append((prefix + name, str(value)))
    return flat


def _unsent(action: str, domain: str, text: str) -> CloudError:
    """Why no answer came. The SDK's own text quotes the whole signed URL, token included: none of it is repeated."""
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return CloudError(action, CONNECTION, f"the certificate of {domain} is not trusted (ALIBABA_CLOUD_CA_BUNDLE)")
    # EAI_NONAME and EAI_NODATA: a name server answered that there is none; a silent one has another number.
    if "[Errno -2]" in text or "[Errno -5]" in text:
        return CloudError(action, NO_HOST, f"there is no host of the name {domain}")
    hint = " (is the simulator running there?)" if endpoints.is_loopback(urlsplit(domain).hostname or "") else ""
    return CloudError(action, CONNECTION, f"no answer from {domain}{hint}")


def _refused(action: str, error: Exception) -> CloudError:
    code = error.get_error_code() or NOT_THE_CLOUD
    if code.startswith("SDK."):
        return CloudError(action, NOT_THE_CLOUD, "what answered is not this API", status=error.get_http_status() or 0)
    # A refused signature comes with the text that was to be signed, and so with the token.
    message = (error.get_error_msg() or "no message").partition(" server string to sign")[0]
    return CloudError(action, code, message, error.get_request_id() or "", error.get_http_status() or 0)


def _parse(action: str, domain: str, body: bytes) -> dict:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise CloudError(action, NOT_THE_CLOUD, f"{domain} answered something that is not JSON")
    return answer
