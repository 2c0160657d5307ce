# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose key signs the calls: the task's options first, then the environment, then the aliyun CLI's profile file."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

from .errors import HardeningError, OptionError

# The second name of each is what the older collection alibaba.alicloud reads.
ENVIRONMENT = {
    "access_key_id": ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY"),
    "access_key_secret": ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALICLOUD_SECRET_KEY"),
    "security_token": ("ALIBABA_CLOUD_SECURITY_TOKEN", "ALICLOUD_SECURITY_TOKEN"),
    "profile": ("ALIBABA_CLOUD_PROFILE", "ALICLOUD_PROFILE"),
    "assume_role_arn": ("ALIBABA_CLOUD_ROLE_ARN", "ALICLOUD_ASSUME_ROLE_ARN"),
    "ecs_ram_role": ("ALIBABA_CLOUD_ECS_METADATA", "ALICLOUD_ECS_ROLE_NAME"),
    "endpoint_url": ("ALIBABA_CLOUD_ENDPOINT_URL",),
}


@dataclass(frozen=True)
class Keys:
    """An access key, and the token that goes with it when it is a temporary one. Never printed."""

    id: str = field(repr=False)
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


def setting(options: SimpleNamespace, name: str) -> str | None:
    """An option's value, or what the environment says where the task gives none."""
    return getattr(options, name, None) or next(
        (os.environ[key] for key in ENVIRONMENT[name] if os.environ.get(key)), None
    )


def resolve(options: SimpleNamespace) -> Keys:
    """The keys to sign with, before any role is assumed; OptionError says what is missing.

    What the task itself names beats the environment. Plain keys and tokens are taken as they are; what has to be
    fetched first (the role of this ECS instance, profiles of other kinds) goes through Alibaba Cloud's own
    credentials library.
    """
    given = _keys(options.access_key_id, options.access_key_secret, options.security_token)
    if given:
        return given
    if options.profile:
        return _profile_keys(options.profile)
    if options.ecs_ram_role:
        return _ecs_role(options.ecs_ram_role)
    found = _environment_keys(options.security_token)
    if found:
        return found
    role = setting(options, "ecs_ram_role")
    return _ecs_role(role) if role else _profile_keys(setting(options, "profile"))


def _environment_keys(token: str | None) -> Keys | None:
    """The key of the environment, with this token or its own: one under the names of the other kind is another key's.

    The names of the older collection count where the newer ones give neither an id nor a secret.
    """
    names = (ENVIRONMENT[name] for name in ("access_key_id", "access_key_secret", "security_token"))
    for kind in zip(*names, strict=True):
        identifier, secret, own = (os.environ.get(name) for name in kind)
        if identifier or secret:
            return _keys(identifier, secret, token or own)
    return None


def _keys(identifier: str | None, secret: str | None, token: str | None) -> Keys | None:
    if bool(identifier) != bool(secret):
        missing = "access_key_secret" if identifier else "access_key_id"
        raise OptionError(f"{missing} is missing: an access key is an id and a secret.")
    return Keys(identifier, secret, token or None) if identifier and secret else None


def _profile_keys(name: str | None) -> Keys:
    path = Path(os.environ.get("ALIBABA_CLOUD_CONFIG_FILE") or Path.home() / ".aliyun" / "config.json")
    if not name and not path.exists():
        raise OptionError(
            "No access key: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET in the environment, "
            f"or the options access_key_id and access_key_secret, or make a profile in {path} (aliyun configure)."
        )
    profile = _profile(path, name)
    mode = profile.get("mode") or "AK"
    if mode not in ("AK", "StsToken"):
        return _library("CLIProfileCredentialsProvider", profile_name=profile["name"], profile_file=str(path))
    # A profile that was one of temporary keys before may still hold their token.
    token = profile.get("sts_token") if mode == "StsToken" else None
    keys = _keys(profile.get("access_key_id"), profile.get("access_key_secret"), token)
    if not keys:
        raise OptionError(f"The profile {profile['name']!r} in {path} holds no access key: run aliyun configure.")
    return keys


def _profile(path: Path, name: str | None) -> dict:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        profiles = {profile["name"]: profile for profile in config["profiles"]}
        wanted = name or config.get("current") or "default"
    except OSError as error:
        raise OptionError(
            f"The profile file {path} can't be read ({error.strerror}): run aliyun configure, or give an access key."
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise OptionError(
            f"The profile file {path} is not one that the aliyun CLI writes: run aliyun configure."
        ) from None
    if wanted not in profiles:
        raise OptionError(f"There is no profile {wanted!r} in {path}; it has: {', '.join(sorted(profiles)) or 'none'}.")
    return profiles[wanted]


def _ecs_role(name: str) -> Keys:
    return _library("EcsRamRoleCredentialsProvider", role_name=name, async_update_enabled=False)


def _library(kind: str, **arguments: object) -> Keys:
    """Ask Alibaba Cloud's credentials library, imported only here and only now."""
    try:
        from alibabacloud_credentials import provider
    except ImportError:
        raise HardeningError(
            "RAM roles of ECS instances and this kind of profile need Alibaba Cloud's credentials library: "
            "pip install alibabacloud_credentials for the Python that runs Ansible's modules."
        ) from None
    try:
        found = getattr(provider, kind)(**arguments).get_credentials()
    except Exception as error:  # noqa: BLE001
        # The library raises bare exceptions whose texts can quote requests: only their kind is repeated.
        raise OptionError(
            f"{kind.removesuffix('CredentialsProvider')} credentials could not be fetched ({type(error).__name__})."
        ) from None
    return Keys(found.get_access_key_id(), found.get_access_key_secret(), found.get_security_token() or None)
