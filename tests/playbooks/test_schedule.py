# SPDX-License-Identifier: GPL-3.0-or-later
"""Scheduled runs: the units that systemd gets, and the cron lines that do the same."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
UNITS = (
    "hardening-audit.service",
    "hardening-audit.timer",
    "hardening-enforcement.service",
    "hardening-enforcement.timer",
)


class Schedule:
    """Runs playbooks/schedule.yml so that everything it writes lands in one folder."""

    def __init__(self, folder, collection):
        self.collection = collection
        self.units = folder / "units"
        self.state = folder / "state of 100% $HOME"
        self.secrets = folder / "env"
        self.units.mkdir()

    def play(self, rc=0, **variables):
        """Run the playbook; return what it says."""
        settings = {
            "schedule_unit_directory": str(self.units),
            "schedule_state": str(self.state),
            "schedule_environment_file": str(self.secrets),
            "schedule_activate": False,
            **variables,
        }
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "HARDENING_"))
        }
        done = subprocess.run(
            [BIN / "ansible-playbook", "playbooks/schedule.yml", "-e", json.dumps(settings)],
            cwd=self.collection,
            env={**environment, "PWD": str(self.collection)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == rc, done.stdout + done.stderr
        return done.stdout

    def cron_lines(self, output):
        """Give the lines that the playbook prints for a crontab."""
        return [json.loads(f'"{line}"') for line in re.findall(r'"msg": "(.*)"', output)]

    def verify(self):
        """Let systemd judge the units."""
        return subprocess.run(
            ["systemd-analyze", "verify", "--recursive-errors=yes", *sorted(map(str, self.units.iterdir()))],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def schedule(tmp_path, collection):
    return Schedule(tmp_path, collection)


needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="needs systemd-analyze (Debian: apt install systemd)"
)


@needs_systemd
def test_systemd_accepts_the_units(schedule):
    """Services and timers for both kinds of run, without a word of complaint; and the check is one."""
    schedule.play(schedule_audit="*:05", schedule_enforcement="Sun 04:30")
    assert sorted(path.name for path in schedule.units.iterdir()) == sorted(UNITS)
    verified = schedule.verify()
    assert (verified.returncode, verified.stderr) == (0, "")
    timer = schedule.units / "hardening-audit.timer"
    timer.write_text(timer.read_text().replace("Persistent=", "Persistant="))
    assert schedule.verify().returncode != 0


def test_times_become_calendar_and_cron(schedule):
    """The timer and the cron line of a run say the same time."""
    output = schedule.play(schedule_audit="*:05", schedule_enforcement="Sun 04:30")
    calendars = [
        re.search("^OnCalendar=(.*)$", (schedule.units / f"hardening-{name}.timer").read_text(), re.MULTILINE)[1]
        for name in ("audit", "enforcement")
    ]
    assert calendars == ["*-*-* *:05:00", "Sun *-*-* 04:30:00"]
    assert [" ".join(line.split()[:5]) for line in schedule.cron_lines(output)] == ["5 * * * *", "30 4 * * Sun"]


def test_enforcement_is_scheduled_only_on_request(schedule):
    """By default there are audits only; a second run changes nothing; what is no longer wanted goes."""
    schedule.play(schedule_enforcement="04:30")
    assert len(list(schedule.units.iterdir())) == 4
    schedule.play()
    assert sorted(path.name for path in schedule.units.iterdir()) == list(UNITS[:2])
    assert re.search(r"localhost\s.*changed=0\s", schedule.play())


@pytest.mark.parametrize("time", ["25:00", "4:5", "daily", "Sunday 04:05", "*:*"])
def test_a_time_that_is_none_is_refused(schedule, time):
    """Nothing is written, and the sentence says what a time looks like."""
    assert "HH:MM" in schedule.play(rc=2, schedule_audit=time)
    assert list(schedule.units.iterdir()) == []


def test_units_hold_no_secret(schedule, monkeypatch):
    """Keys stay in the file that the unit names; the unit, which all may read, has none of the environment's."""
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "kept-from-the-units")
    output = schedule.play(schedule_enforcement="04:30")
    told = output + "".join(path.read_text() for path in schedule.units.iterdir())
    assert "kept-from-the-units" not in told
    assert f"EnvironmentFile=-{schedule.secrets}" in told


def test_a_scheduled_audit_leaves_its_report(schedule, account):
    """The command of the cron line runs with nothing but the file of secrets, and writes to the state folder."""
    key = account.keys["auditor"]
    schedule.secrets.write_text(
        f"ALIBABA_CLOUD_ACCESS_KEY_ID={key['id']}\nALIBABA_CLOUD_ACCESS_KEY_SECRET={key['secret']}\n"
        f"ALIBABA_CLOUD_ENDPOINT_URL={account.sim.url}\n"
    )
    line = schedule.cron_lines(schedule.play(schedule_keep=1, schedule_formats="csv"))[0]
    command = line.split(maxsplit=5)[5].replace("\\%", "%")
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    for _attempt in range(2):
        done = subprocess.run(
            ["/bin/sh", "-c", command], env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(schedule.state.glob("reports/2*"))) == 1
    latest = schedule.state / "reports" / "latest"
    assert {path.name for path in latest.iterdir()} == {"report.json", "report.html", "report.csv"}
    assert (schedule.state / "hardening.alicloud" / "accounts.lock").exists()


def test_service_and_cron_line_do_the_same(schedule):
    """The same program, the same arguments, the same settings."""
    output = schedule.play()
    unit = (schedule.units / "hardening-audit.service").read_text()
    line = schedule.cron_lines(output)[0]

    def plain(text):
        return re.sub(r"[\"'\\]", "", text).replace("%%", "%").replace("$$", "$")

    command = re.search("^ExecStart=(.*)$", unit, re.MULTILINE)[1]
    assert plain(line).endswith(plain(command))
    settings = re.findall("^Environment=(.*)$", unit, re.MULTILINE)
    assert settings
    assert [setting for setting in settings if plain(setting) not in plain(line)] == []
