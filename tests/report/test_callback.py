# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback in real playbook runs, fed by a throw-away module that returns what a file says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from tests.report.examples import READ, a_result, a_risk, arn, unread

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
SECRET = "kept-from-the-report"

MODULE = """
import json
from ansible.module_utils.basic import AnsibleModule

module = AnsibleModule({"answer": {"type": "path"}, "password": {"type": "str"}}, supports_check_mode=True)
with open(module.params["answer"]) as file:
    answer = json.load(file)
if "msg" in answer:
    module.fail_json(**answer)
module.exit_json(**answer)
"""

PLAYBOOK = f"""
- hosts: all
  gather_facts: false
  tasks:
    - name: Look for risks
      answer:
        answer: "{{{{ inventory_hostname }}}}.json"
        password: {SECRET}
      ignore_errors: true
"""

CONFIG = """
[defaults]
callbacks_enabled = hardening.alicloud.risk_report
inventory = inventory
library = library
"""


class Project:
    """A folder to run playbooks in."""

    def __init__(self, folder):
        self.folder = folder
        self.reports = folder / "reports"
        (folder / "library").mkdir()
        (folder / "library" / "answer.py").write_text(MODULE)
        (folder / "ansible.cfg").write_text(CONFIG)
        self.play(PLAYBOOK)

    def play(self, text):
        """Replace the playbook."""
        (self.folder / "play.yml").write_text(text)

    def hosts(self, **answers):
        """Replace the inventory: a host for each answer."""
        settings = f"ansible_connection=local ansible_python_interpreter={sys.executable}"
        (self.folder / "inventory").write_text("".join(f"{host} {settings}\n" for host in answers))
        for host, answer in answers.items():
            (self.folder / f"{host}.json").write_text(json.dumps(answer))

    def run(self, *arguments, rc=0, **environment):
        """Return what ansible-playbook says; the folder, not the machine, gives its settings."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        settings = {
            "HOME": str(self.folder),
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
        }
        done = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "play.yml", *arguments],
            cwd=self.folder,
            env={**kept, **settings, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == rc, done.stdout + done.stderr
        return done.stdout + done.stderr

    def report(self, run="latest"):
        """Read a report that is valid by the schema."""
        report = json.loads((self.reports / run / "report.json").read_text(encoding="utf-8"))
        jsonschema.validate(report, SCHEMA, cls=jsonschema.Draft202012Validator)
        return report


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def test_two_hosts_make_one_report(project):
    """Risks of every host, ignored failures included, are in the file and, harmless and uncoloured, in the terminal."""
    project.hosts(
        tokyo=a_result(a_risk(), a_risk("evil", resource_name="evil\x1b[31m")),
        osaka=a_result(
            a_risk("dark", "unknown", account_id="2222222222222222"),
            account_id="2222222222222222",
            unread=[{**unread("dark"), "what": arn("dark", "2222222222222222")}],
            msg="not everything could be read",
        ),
    )
    output = project.run("--check")
    report = project.report()
    assert report["run"]["hosts"] == ["osaka", "tokyo"]
    assert report["run"]["accounts"] == ["1234567890123456", "2222222222222222"]
    assert report["run"]["mode"] == "audit"
    assert report["run"]["playbook"] == "play.yml"
    assert [risk["status"] for risk in report["risks"]] == ["unknown", "open", "open"]
    assert [(error["kind"], error["host"], error["ignored"]) for error in report["errors"]] == [
        ("unread", "osaka", True),
        ("task", "osaka", True),
    ]
    assert SECRET not in json.dumps(report)
    table = output[output.index("RISK REPORT") :]
    assert output.index("PLAY RECAP") < output.index("RISK REPORT")
    assert "evil\\x1b[31m (ap-northeast-1)" in table
    assert "\x1b" not in table
    assert f"Report: {project.reports / report['run']['id'] / 'report.json'}" in table


def test_runs_are_compared_and_latest_follows(project):
    """An audit, an enforcement and another audit: new, then closed, then nothing; each run keeps its own folder."""
    project.hosts(main=a_result(a_risk(), a_risk("other")))
    project.run("--check")
    project.hosts(main=a_result(a_risk(status="fixed"), a_risk("other"), journal="/j", changed=True))
    project.run()
    project.hosts(main=a_result(a_risk("other")))
    output = project.run("--check")
    audit, enforcement, last = (project.report(run.name) for run in sorted(project.reports.glob("2*")))
    site, other = f"{READ}@{arn('acme-site')}", f"{READ}@{arn('other')}"
    assert audit["new"] == sorted([site, other])
    assert (enforcement["closed"], enforcement["still_open"]) == ([site], [other])
    assert (enforcement["run"]["mode"], enforcement["journals"]) == ("enforce", ["/j"])
    assert (last["new"], last["still_open"], last["closed"]) == ([], [other], [])
    assert project.report() == last
    assert f"Since {enforcement['run']['id']}: 0 new, 1 still open, 0 closed." in output


def test_loops_count(project):
    """Each item of a loop brings its risks."""
    project.play(PLAYBOOK.replace("{{ inventory_hostname }}", "{{ item }}") + "      loop: [a, b]\n")
    project.hosts(main={})
    (project.folder / "a.json").write_text(json.dumps(a_result(a_risk("a"))))
    (project.folder / "b.json").write_text(json.dumps(a_result(a_risk("b"), msg="it broke")))
    project.run("--check")
    assert [risk["resource_name"] for risk in project.report()["risks"]] == ["a", "b"]
    assert [error["message"] for error in project.report()["errors"]] == ["it broke"]


def test_a_run_without_risks_says_what_it_examined(project):
    """Nothing found is one sentence and a report."""
    project.hosts(main=a_result(compliant=12))
    assert "No risk found in 1234567890123456; resources examined: answer 12." in project.run("--check")
    assert project.report()["risks"] == []


def test_a_module_that_could_not_begin_is_in_the_report(project):
    """One of our modules that fails before it returns any risk leaves an error, not silence."""
    project.hosts(main={})
    project.play(PLAYBOOK.replace("answer:\n        answer", "hardening.alicloud.oss_bucket_acl:\n        answer"))
    output = project.run("--check")
    assert "Nothing could be examined in main." in output
    assert project.report()["errors"][0]["module"] == "oss_bucket_acl"
    assert project.report()["summaries"][0]["complete"] is False
    assert SECRET not in json.dumps(project.report())


VERDICT = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Conclude
      hardening.alicloud.ssh_verdict:
        timezone: Asia/Tokyo
        account_id: "1234567890123456"
        attack_events:
          - {type: "5", source: 23.129.64.201, port: 22, public_ip: 203.0.113.80, count: 9, status: block,
             first_seen: "2026-11-21T04:01:15Z", last_seen: "2026-11-21T04:01:15Z"}
"""


def test_an_investigation_stands_between_two_audits(project):
    """It leaves a report of its own, says nothing of risks, and the second audit is held against the first."""
    project.hosts(main=a_result(a_risk()))
    project.run("--check")
    project.play(VERDICT)
    output = project.run("--check")
    report = project.report()
    assert [(one["verdict"], one["event"]["source"]) for one in report["investigations"]] == [
        ("unknown", "23.129.64.201")
    ]
    assert (report["run"]["investigated"], report["run"]["accounts"]) == (True, ["1234567890123456"])
    assert report["investigations"][0]["sentence"] in " ".join(output.split())
    assert "No task of this run looked for risks." in output
    assert 'id="event-1-1"' in (project.reports / "latest" / "report.html").read_text(encoding="utf-8")
    project.play(PLAYBOOK)
    assert "0 new, 1 still open, 0 closed." in project.run("--check")


def test_a_playbook_of_others_leaves_nothing(project):
    """Where no task looked for risks, nothing is said and nothing written."""
    project.hosts(main={})
    project.play("- hosts: all\n  gather_facts: false\n  tasks:\n    - ansible.builtin.debug: {msg: hello}\n")
    assert "RISK REPORT" not in project.run()
    assert not project.reports.exists()


def test_a_folder_that_can_not_be_written_is_a_warning(project):
    """The table is printed, one sentence says what to do, and the run ends well."""
    project.hosts(main=a_result(a_risk()))
    (project.folder / "file").write_text("")
    output = " ".join(project.run("--check", HARDENING_REPORT_DIR="file/reports").split())
    assert "acme-site" in output[output.index("RISK REPORT") :]
    assert (
        f"could not be written to {project.folder}/file/reports (Not a directory); make that folder writable" in output
    )
    assert "Traceback" not in output
    assert "Report:" not in output


def test_options_are_heard(project):
    """Folder and language from ansible.cfg, formats from the environment; what there is not is said."""
    project.hosts(main=a_result(a_risk()))
    section = "[callback_risk_report]\ndir = elsewhere\nlanguage = ja\n"
    (project.folder / "ansible.cfg").write_text(CONFIG + section)
    (project.folder / "elsewhere" / "latest").mkdir(parents=True)
    output = " ".join(project.run("--check", HARDENING_REPORT_FORMATS="json,papyrus").split())
    assert "リスクレポート" in output
    assert "risk_report has no format 'papyrus'" in output
    assert "elsewhere/latest could not be set to this run" in output
    assert len(list(project.folder.glob("elsewhere/2*/report.json"))) == 1


def test_the_page_and_every_format_are_written(project):
    """report.html is always there; the others if they are asked for; the variable goes before the option."""
    project.hosts(main=a_result(a_risk()))
    inventory = project.folder / "inventory"
    inventory.write_text(f"{inventory.read_text()}[all:vars]\nreport_language=zh\n")
    assert "风险报告" in project.run("--check")
    output = project.run("--check", "-e", "report_language=ja")
    assert {path.name for path in (project.reports / "latest").iterdir()} == {"report.json", "report.html"}
    assert "リスクレポート" in output
    assert '<html lang="ja">' in (project.reports / "latest" / "report.html").read_text(encoding="utf-8")
    project.run("--check", HARDENING_REPORT_FORMATS="sarif,ocsf, junit,csv,markdown,html")
    assert {path.name for path in (project.reports / "latest").iterdir()} == {
        "report.json",
        "report.html",
        "report.sarif",
        "report.ocsf.json",
        "report.junit.xml",
        "report.csv",
        "report.md",
    }


def test_the_last_runs_are_kept(project):
    """With keep, as many folders stay; the history goes on without the others."""
    project.hosts(main=a_result(a_risk()))
    for _run in range(3):
        project.run("--check", HARDENING_REPORT_KEEP="2")
    assert len(list(project.reports.glob("2*"))) == 2
    assert len(project.report()["history"]["risks"]) == 3
