# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs never work on one account at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from ansible_collections.hardening.alicloud.plugins.plugin_utils import account_lock

from simulator import Simulator
from tests.report.test_callback import CONFIG, ROOT

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNTS = ("1234567890123456", "6543210987654321")
PLAY = """
- hosts: all
  gather_facts: false
  connection: local
  tasks:
    - name: Be the only run on this account
      hardening.alicloud.account_lock:
        access_key_id: "{{ key }}"
        access_key_secret: simulator-secret
        wait: "{{ wait | default(0) }}"
      register: lock
    - name: Tell that the lock is there
      ansible.builtin.copy:
        content: "{{ lock.locked }}"
        dest: "{{ started }}"
        mode: "0600"
      when: started is defined
    - name: Take a while
      ansible.builtin.wait_for:
        path: "{{ until }}"
        timeout: 60
      when: until is defined
"""


def estate():
    policy = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    keys = [{"id": f"LTAI5tKeyOfTheAccount{n}", "secret": "simulator-secret", "user": f"u{n}"} for n in range(2)]
    return {
        "accounts": [
            {"id": account, "keys": [{**key, "policies": [policy]}]}
            for account, key in zip(ACCOUNTS, keys, strict=True)
        ]
    }


class Runs:
    """Starts ansible-playbook, as often as a test needs it at once."""

    def __init__(self, folder, url):
        self.folder, self.url = folder, url
        (folder / "ansible.cfg").write_text(CONFIG)
        (folder / "play.yml").write_text(PLAY)
        hosts = "".join(f"h{n} key=LTAI5tKeyOfTheAccount{n}\n" for n in range(2))
        (folder / "inventory").write_text(f"{hosts}[all:vars]\nansible_python_interpreter={sys.executable}\n")

    def start(self, *arguments, lock=""):
        """Run the play, with extra variables name=value and other arguments."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        environment = {
            **kept,
            "HOME": str(self.folder),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
            "ALIBABA_CLOUD_ENDPOINT_URL": self.url,
            **({"HARDENING_LOCK": lock} if lock else {}),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "ansible", "playbook", "play.yml", *arguments],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments, **options):
        """Return exit code and output, the latter without its line breaks."""
        process = self.start(*arguments, **options)
        output, _nothing = process.communicate(timeout=100)
        return process.returncode, " ".join(output.split())


@pytest.fixture
def runs(tmp_path):
    with Simulator(estate()) as sim:
        yield Runs(tmp_path, sim.url)


@pytest.fixture
def busy(runs, tmp_path):
    """Give a run that has the first account, until it is killed or the test ends."""
    process = runs.start("-l", "h0", "-e", f"started={tmp_path}/started until={tmp_path}/until")
    wait_for(tmp_path / "started", process)
    yield process
    (tmp_path / "until").touch()
    process.communicate(timeout=60)


def wait_for(path: Path, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_second_run_is_refused_and_says_by_whom(runs, busy, tmp_path):
    """It ends non-zero before it does anything, names the other run, and leaves no report."""
    code, output = runs.run("-l", "h0")
    assert code == 2
    assert f"Another run (play.yml, process {busy.pid}, since 2" in output
    assert f"is working on account {ACCOUNTS[0]}" in output
    assert not (tmp_path / "reports").exists()


def test_another_account_is_free(runs, busy):
    """Runs on other accounts go on; of a run on both, the one host fails."""
    assert busy.poll() is None
    assert runs.run("-l", "h1")[0] == 0
    code, output = runs.run()
    assert code == 2
    assert "h1 : ok=1" in output
    assert "h0 : ok=0" in output


def test_a_killed_run_leaves_no_lock(runs, busy, tmp_path):
    """Not even kill -9 leaves an account locked, once the module that it was in the middle of has ended."""
    os.kill(busy.pid, signal.SIGKILL)
    busy.wait(timeout=10)
    (tmp_path / "until").touch()
    code, output = runs.run("-l", "h0", "-e", "wait=30")
    assert code == 0, output


def test_a_run_may_wait(runs, busy, tmp_path):
    """With wait, the second run begins when the first one has ended."""
    second = runs.start("-l", "h0", "-e", f"wait=60 started={tmp_path}/second")
    time.sleep(3)
    assert second.poll() is None
    assert not (tmp_path / "second").exists()
    (tmp_path / "until").touch()
    output, _nothing = second.communicate(timeout=90)
    assert second.returncode == 0, output
    assert busy.wait(timeout=60) == 0
    assert "Waiting up to 60 s for another run" in output


def test_only_the_same_file_keeps_runs_apart(runs, busy, tmp_path):
    """Where somebody names another file, the account is free; that is documented."""
    assert busy.poll() is None
    assert runs.run("-l", "h0", lock=str(tmp_path / "other.lock"))[0] == 0


def test_without_the_callback_there_is_a_warning(runs, tmp_path):
    """Nothing holds the lock then, and the task says so instead of promising it."""
    (tmp_path / "ansible.cfg").write_text("[defaults]\ninventory = inventory\n")
    code, output = runs.run("-l", "h0")
    assert code == 0
    assert "Other runs on this account are not kept away" in output


def test_a_file_that_can_not_be_opened_is_told(runs, tmp_path):
    """The run goes on with a warning that names the file and the way out."""
    (tmp_path / "file").write_text("")
    code, output = runs.run("-l", "h0", lock=str(tmp_path / "file" / "accounts.lock"))
    assert code == 0
    assert f"{tmp_path}/file/accounts.lock can't be opened (" in output
    assert "name another file in HARDENING_LOCK" in output


def test_a_wrong_key_is_told_as_ever(runs):
    """What keeps the account from being known is this task's failure, and stands in the report."""
    code, output = runs.run("-l", "h0", "-e", "key=LTAI5tNobody")
    assert code == 2
    assert "Nothing could be examined in h0." in output


def test_a_run_takes_its_own_lock_again(tmp_path):
    """Two hosts of one inventory may be one account; when the run ends, the account is free."""
    account_lock.begin(tmp_path / "accounts.lock", "first.yml")
    mine = account_lock.of_this_run()
    assert (mine.take("a"), mine.take("a"), mine.take("b")) == (None, None, None)
    other = account_lock.Lock(os.open(tmp_path / "accounts.lock", os.O_RDWR), tmp_path / "accounts.lock", "other.yml")
    assert other.take("a")["playbook"] == "first.yml"
    assert other.take("c") is None
    account_lock.end()
    assert account_lock.of_this_run() is None
    assert other.take("a") is None
    os.close(other.handle)


@pytest.mark.parametrize("note", ["", "[]", json.dumps("text")])
def test_a_damaged_note_does_no_harm(tmp_path, note):
    """The lock is the system's; the note beside it only says more."""
    path = tmp_path / "accounts.lock"
    account_lock.begin(path, "first.yml")
    account_lock.of_this_run().take("a")
    next(entry for entry in tmp_path.iterdir() if entry != path).write_text(note)
    other = account_lock.Lock(os.open(path, os.O_RDWR), path, "other.yml")
    assert other.take("a") == {}
    os.close(other.handle)
    account_lock.end()
