# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of controls: the one place that says what each is called, why it matters and who checks it.

severity: critical, high, medium or low. references: framework to clause; a clause under a key that ends in
"suggested" is this project's own proposal, not taken from a published pack. security_center holds phrases: the
words that the English name of a check item of Security Center has among its own, in this order. A star stands for the
rest of a word. The items' numeric ids are not documented, so they are found at run time.
when: the option of the module without which the control is not judged; absent where it always is.
Titles of Cloud Config's rules follow its own wording in each language.
"""

from __future__ import annotations

CONTROLS: dict[str, dict] = {
    "oss-bucket-public-read-prohibited": {
        "title": {
            "en": "OSS bucket readable by anyone",
            "ja": "OSS バケットが誰でも読み取り可能",
            "zh": "OSS 存储空间允许公共读",
        },
        "why": "Anyone on the internet who knows or guesses the bucket's name can list and download what it holds.",
        "severity": "high",
        "references": {
            "cloud_config": ["oss-bucket-public-read-prohibited"],
            "cis": ["5.1"],
            "nist_suggested": ["AC-3", "SC-7"],
            "iso27001_suggested": ["A.8.3"],
        },
        "security_center": ["OSS bucket access permission*", "OSS public read"],
        "module": "oss_bucket_acl",
        "role": "oss_protection",
    },
    "oss-bucket-public-write-prohibited": {
        "title": {
            "en": "OSS bucket writable by anyone",
            "ja": "OSS バケットが誰でも書き込み可能",
            "zh": "OSS 存储空间允许公共读写",
        },
        "why": "Anyone on the internet can replace, delete or add objects, at your expense.",
        "severity": "high",
        "references": {
            "cloud_config": ["oss-bucket-public-write-prohibited"],
            "cis": ["5.1"],
            "nist_suggested": ["AC-3", "SC-7"],
            "iso27001_suggested": ["A.8.3"],
        },
        "security_center": ["OSS bucket access permission*", "OSS public write"],
        "module": "oss_bucket_acl",
        "role": "oss_protection",
    },
    "oss-bucket-policy-no-any-anonymous": {
        "title": {
            "en": "OSS bucket policy lets anyone in",
            "ja": "OSS バケットポリシーが匿名アクセスを許可",
            "zh": "OSS 存储空间授权策略允许匿名访问",
        },
        "why": "A bucket policy that grants something to everyone makes the bucket public, whatever its ACL says.",
        "severity": "high",
        "references": {
            "cloud_config": ["oss-bucket-policy-no-any-anonymous"],
            "cis": ["5.1"],
            "nist_suggested": ["AC-3", "AC-6"],
            "iso27001_suggested": ["A.8.3"],
        },
        "security_center": ["OSS bucket access permission*", "OSS policy anonymous"],
        "module": "oss_bucket_acl",
        "role": "oss_protection",
    },
    "oss-bucket-versioning-enabled": {
        "title": {
            "en": "OSS bucket without versioning",
            "ja": "OSS バケットのバージョニングが無効",
            "zh": "OSS 存储空间未开启版本控制",
        },
        "why": "Without versions, what is overwritten or deleted by mistake or by ransomware is gone.",
        "severity": "medium",
        "references": {
            "cloud_config": ["oss-bucket-versioning-enabled"],
            "cis": [],
            "nist_suggested": ["CP-9"],
            "iso27001_suggested": ["A.8.13"],
        },
        "security_center": ["OSS versioning", "OSS version control"],
        "module": "oss_bucket_versioning",
        "role": "oss_protection",
    },
    "oss-bucket-noncurrent-versions-expire": {
        "title": {
            "en": "OSS bucket keeps old versions for ever",
            "ja": "OSS バケットの旧バージョンが無期限に保持",
            "zh": "OSS 存储空间的历史版本永久保留",
        },
        "why": "Every old version is billed, and many of them slow down listings: a lifecycle rule bounds both.",
        "severity": "low",
        "references": {"cloud_config": [], "cis": []},
        "security_center": [],
        "module": "oss_bucket_versioning",
        "when": "noncurrent_days",
        "role": "oss_protection",
    },
    "slb-instance-log-enabled": {
        "title": {
            "en": "SLB instance without access logs",
            "ja": "SLB インスタンスのアクセスログが無効",
            "zh": "SLB 实例未开启访问日志",
        },
        "why": "Without access logs, nobody can tell afterwards who asked what of the servers behind a load balancer.",
        "severity": "medium",
        "references": {
            "cloud_config": ["slb-instance-log-enabled"],
            "cis": [],
            "nist_suggested": ["AU-2", "AU-12"],
            "iso27001_suggested": ["A.8.15"],
        },
        "security_center": [
            "SLB log",
            "SLB logs",
            "SLB logging",
            "load balanc* log",
            "load balanc* logs",
            "load balanc* logging",
        ],
        "module": "slb_access_log",
        "role": "slb_logging",
    },
    "slb-listener-risk-ports-check": {
        "title": {
            "en": "SLB listener leads to an administration port",
            "ja": "SLB リスナーが管理用ポートへ転送",
            "zh": "SLB 监听转发到管理端口",
        },
        "why": "A listener that leads to SSH or RDP opens it to whoever reaches the load balancer, on any front port.",
        "severity": "high",
        "references": {
            "cloud_config": ["slb-listener-risk-ports-check"],
            "cis": [],
            "nist_suggested": ["AC-17", "SC-7"],
            "iso27001_suggested": ["A.8.20"],
        },
        "security_center": ["SLB port", "SLB ports", "load balanc* port", "load balanc* ports"],
        "module": "slb_access_log",
        "when": "admin_ports",
        "role": "slb_logging",
    },
    "sg-risky-ports-check": {
        "title": {
            "en": "Security group opens SSH to the internet",
            "ja": "セキュリティグループが SSH をインターネットに公開",
            "zh": "安全组对全部网段开启风险端口",
        },
        "why": "Whoever can reach an administration port can try passwords, stolen keys and new exploits on it.",
        "severity": "high",
        "references": {
            "cloud_config": ["sg-risky-ports-check"],
            "cis": ["3.2", "4.3"],
            "nist_suggested": ["SC-7", "AC-17"],
            "pci_suggested": ["1.3.1", "1.4.2"],
            "iso27001_suggested": ["A.8.20", "A.8.22"],
            "soc2_suggested": ["CC6.6"],
        },
        "security_center": ["security group* port", "security group* ports", "security group* SSH"],
        "module": "security_group_ssh",
        "role": "ssh_restriction",
    },
    "sg-ssh-allowed-sources-only": {
        "title": {
            "en": "Security group admits SSH from sources that are not allowed",
            "ja": "セキュリティグループが許可外の送信元からの SSH を許可",
            "zh": "安全组允许未授权来源访问 SSH",
        },
        "why": "Every address that may connect without need is one more from where a stolen key works.",
        "severity": "medium",
        "references": {
            "cloud_config": [],
            "cis": ["3.5"],
            "nist_suggested": ["SC-7", "AC-17"],
            "iso27001_suggested": ["A.8.20", "A.8.22"],
        },
        "security_center": [],
        "module": "security_group_ssh",
        "when": "allowed_sources",
        "role": "ssh_restriction",
    },
    "security-center-whitelist-in-step": {
        "title": {
            "en": "Security Center's whitelist differs from the inventory",
            "ja": "Security Center のホワイトリストがインベントリと不一致",
            "zh": "云安全中心白名单与清单不一致",
        },
        "why": "A whitelist rule never ends by itself: one that nobody accepts any more hides a risk from the score.",
        "severity": "medium",
        "references": {"cloud_config": [], "cis": []},
        "security_center": [],
        "module": "security_center_whitelist",
        "role": "security_center",
    },
}
