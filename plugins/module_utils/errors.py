# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong, each with one sentence for the person at the keyboard."""

from __future__ import annotations

from dataclasses import dataclass

THROTTLED = (
    "Throttling",
    "Rejected.Throttling",
    "QpsLimitExceeded",
    "DownTrafficRateLimitExceeded",
    "TooManyRequests",
    "ReadQuotaExceed",
    "WriteQuotaExceed",
    "ServerBusy",
)
BUSY = (
    "SystemBusy",
    "OperationBusy",
    "ServiceIsConfiguring",
    "ServiceIsStopping",
    "BackendServer.configuring",
    "IdempotenceProcessing",
    "IncorrectStatus.LoadBalancer",
)
DENIED = ("Forbidden", "NoPermission", "AccessDenied", "Unauthorized", "ProjectForbidden", "UserDisable")
BAD_KEY = (
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "SignatureNotMatch",
    "IncompleteSignature",
    "InvalidSecurityToken",
    "SecurityTokenExpired",
    "InvalidSTSToken",
)
GONE = ("NoSuchBucket", "InvalidSecurityGroupId.NotFound")
CONNECTION = "ConnectionFailed"
NO_HOST = "NoSuchHost"
NOT_THE_CLOUD = "UnexpectedAnswer"


class HardeningError(Exception):
    """Something the run can't go on with; the message is shown as it is.

    refused: what was to be done was not, so it had no effect.
    """

    refused = False


class OptionError(HardeningError):
    """An option has a value that makes no sense; nothing was read or changed."""


class JournalError(HardeningError):
    """The restore journal can't be written or read."""


class NotSentError(HardeningError):
    """A change that what was read right before it kept from being sent."""

    refused = True


class CloudError(HardeningError):
    """One API call that the cloud refused, or that never reached it.

    code is the API's own error code, or ConnectionFailed / UnexpectedAnswer for what is not an answer of the API;
    status is the HTTP status, 0 where there was none.
    """

    def __init__(self, action: str, code: str, message: str, request_id: str = "", status: int = 0):
        self.action = action
        self.code = code
        self.message = " ".join(message.split())
        self.request_id = request_id
        self.status = status
        self.doubtful = False  # an earlier try of the same call may have had its effect
        super().__init__(self.sentence())

    def sentence(self) -> str:
        """What failed and why, with the advice that fits."""
        request = f", request id {self.request_id}" if self.request_id else ""
        return f"{self.action} failed: {self.message.rstrip('. ')} ({self.code}{request}).{self.advice()}"

    def advice(self) -> str:
        """What the reader can do about it, or an empty string."""
        if self.bad_key:
            return " Check access_key_id and access_key_secret, their environment variables, or the profile."
        if self.denied:
            return (
                " The calling key lacks this permission: docs/policies/ has the RAM policies for audit and enforcement."
            )
        if self.throttled:
            return " The account's API quota is used up: lower the option workers, or try again in a minute."
        if self.code in (CONNECTION, NO_HOST, NOT_THE_CLOUD):
            return " Check the network, the proxy and the option endpoint_url."
        return ""

    @property
    def throttled(self) -> bool:
        """The call was refused for its rate, so it had no effect."""
        return self.code.startswith(THROTTLED) or self.status == 429

    @property
    def busy(self) -> bool:
        """The call was refused while its resource is being changed, so it had no effect."""
        return self.code in BUSY

    @property
    def denied(self) -> bool:
        """The calling key may not make this call."""
        return self.code.startswith(DENIED)

    @property
    def bad_key(self) -> bool:
        """The cloud does not know the key, its secret or its token."""
        return self.code.startswith(BAD_KEY)

    @property
    def gone(self) -> bool:
        """The resource is not there (any more)."""
        return self.code in GONE

    @property
    def not_offered(self) -> bool:
        """The product does not exist in this region: it has no host there, or does not know the region."""
        return self.code == NO_HOST or self.code.startswith("InvalidRegionId")

    @property
    def refused(self) -> bool:
        """The cloud itself answered that it did not do this, in each try of the call, so it had no effect."""
        answered = 400 <= self.status < 500 and self.code not in (CONNECTION, NO_HOST, NOT_THE_CLOUD)
        return not self.doubtful and (answered or self.throttled or self.busy)

    @property
    def passing(self) -> bool:
        """The same call may well succeed in a moment; whether it had an effect is not known."""
        return self.code == CONNECTION or self.status >= 500


@dataclass(frozen=True)
class Unread:
    """Stands where a value would, had it been readable. Never take it for a value."""

    action: str
    code: str
    message: str
    request_id: str

    @classmethod
    def of(cls, error: CloudError) -> Unread:
        """The trace that a failed reading call leaves in a state."""
        return cls(error.action, error.code, error.message, error.request_id)

    def as_dict(self, what: str) -> dict:
        """An entry of the results unread and unavailable. what: could not be read."""
        return {
            "what": what,
            "action": self.action,
            "code": self.code,
            "message": self.message,
            "request_id": self.request_id,
        }

    def advice(self) -> str:
        """What the reader can do about it, or an empty string."""
        return CloudError(self.action, self.code, self.message, self.request_id).advice()

    def __str__(self) -> str:
        request = f", request id {self.request_id}" if self.request_id else ""
        return f"{self.action}: {self.message.rstrip('. ')} ({self.code}{request})"
