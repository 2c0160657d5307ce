# Copyright: hardening.alicloud maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options that every module has: which account, and how to reach it."""

    DOCUMENTATION = r"""
options:
  access_key_id:
    description:
      - Id of the access key. Environment E(ALIBABA_CLOUD_ACCESS_KEY_ID).
      - What the task names beats the environment, and the environment beats the aliyun CLI's default profile.
    type: str
  access_key_secret:
    description:
      - Secret of the access key. Environment E(ALIBABA_CLOUD_ACCESS_KEY_SECRET).
    type: str
  security_token:
    description:
      - Token of a temporary access key. Environment E(ALIBABA_CLOUD_SECURITY_TOKEN).
    type: str
  profile:
    description:
      - Profile in C(~/.aliyun/config.json) of the aliyun CLI. Environment E(ALIBABA_CLOUD_PROFILE).
      - Profiles that are more than keys need the Python library C(alibabacloud_credentials).
    type: str
  assume_role_arn:
    description:
      - ARN of a RAM role to assume with the key, for instance in another account.
        Environment E(ALIBABA_CLOUD_ROLE_ARN).
      - The session lasts one hour.
    type: str
  ecs_ram_role:
    description:
      - Name of the RAM role of the ECS instance that runs this. Environment E(ALIBABA_CLOUD_ECS_METADATA).
      - Needs the Python library C(alibabacloud_credentials).
    type: str
  endpoint_url:
    description:
      - Base URL that the calls to every product go to, in place of Alibaba Cloud's own.
        Environment E(ALIBABA_CLOUD_ENDPOINT_URL).
      - Plain C(http) is taken only for this machine itself.
    type: str
  regions:
    description:
      - Ids of the regions to look at. Empty means all that the account has.
    type: list
    elements: str
    default: []
  workers:
    description:
      - How many calls may be in flight at once. Fewer are sent while the cloud throttles.
    type: int
    default: 16
requirements:
  - aliyun-python-sdk-core >= 2.16.1
  - oss2 >= 2.19.1
"""
