# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress in the terminal: how far a module is, where somebody watches."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.progress import Progress
from ansible_collections.hardening.alicloud.plugins.plugin_utils.progress_line import line
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_words import WORDS

from simulator import Simulator
from tests.report.test_account_lock import estate
from tests.report.test_callback import CONFIG, ROOT

STATE = {"done": 12, "total": 300, "call": "oss GetBucketInfo", "held_up": ""}
PLAY = """
- hosts: all
  gather_facts: false
  connection: local
  check_mode: true
  tasks:
    - name: Look at buckets
      hardening.alicloud.oss_bucket_acl:
        access_key_id: LTAI5tKeyOfTheAccount0
        access_key_secret: simulator-secret
        workers: 2
      register: found
    - name: All is as ever
      ansible.builtin.assert:
        that: found.summary.examined == 30
"""


@pytest.fixture
def command(tmp_path):
    """Prepare a play that takes three seconds; give its command and environment."""
    account = estate()["accounts"][0]
    buckets = [{"name": f"bucket-{number:02}", "region": "cn-hangzhou"} for number in range(30)]
    with Simulator({"accounts": [{**account, "oss": {"buckets": buckets}}]}, latency_ms=100) as sim:
        (tmp_path / "ansible.cfg").write_text(CONFIG)
        (tmp_path / "play.yml").write_text(PLAY)
        (tmp_path / "inventory").write_text(f"main ansible_python_interpreter={sys.executable}\n")
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        settings = {
            "HOME": str(tmp_path),
            "TERM": "xterm",
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
            "ALIBABA_CLOUD_ENDPOINT_URL": sim.url,
        }
        yield {
            "args": [sys.executable, "-m", "ansible", "playbook", "play.yml"],
            "cwd": tmp_path,
            "env": {**kept, **settings},
        }


def in_a_terminal(command):
    """Run it in a pseudo terminal; return exit code and everything that the terminal got."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(**command, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    output = b""
    while True:
        try:
            read = os.read(ours, 65536)
        except OSError:  # the last one has closed the terminal
            break
        output += read
        if not read:
            break
    os.close(ours)
    return process.wait(timeout=60), output.decode()


def test_a_terminal_shows_how_far_it_is(command):
    """Done, total, rate and the call that is waited for; then the line is emptied, and the result is untouched."""
    code, output = in_a_terminal(command)
    assert code == 0, output
    shown = re.findall(r"\r\x1b\[K(main oss_bucket_acl: (\d+) of 30, \d+ a second, waiting for oss [^\r\n]*)", output)
    counts = [int(count) for _line, count in shown]
    assert len(counts) >= 2
    assert counts == sorted(counts)
    before, _line, after = output.rpartition("\r\x1b[K")
    assert "oss_bucket_acl: " in before
    assert after.lstrip().startswith("\x1b[0;3")  # what Ansible says of the result, in its colour


def test_without_a_terminal_nothing_is_shown(command):
    """A log file or a pipe gets neither the line nor its control characters."""
    done = subprocess.run(**command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout
    assert "\r" not in done.stdout + done.stderr
    assert "a second" not in done.stdout + done.stderr


def test_a_dumb_terminal_shows_nothing(command):
    """A terminal that can't clear a line is left alone."""
    code, output = in_a_terminal({**command, "env": {**command["env"], "TERM": "dumb"}})
    assert code == 0, output
    assert "a second" not in output


@pytest.mark.parametrize("language", WORDS)
def test_the_line_tells_everything(language):
    """In every language: what, how far, how fast, and what is waited for."""
    said = line("main oss_bucket_acl", STATE, 39.6, language)
    assert all(part in said for part in ("main oss_bucket_acl", "12", "300", "40", "oss GetBucketInfo"))
    assert "Throttling.User" in line("x", {**STATE, "held_up": "Throttling.User"}, 0, language)
    assert line("x", {**STATE, "total": 0}, 0, language) == ""
    assert "\x1b" not in line("\x1b[31m", {**STATE, "call": "\x1b[31m"}, 0, language)


def test_threads_count_together(tmp_path, monkeypatch):
    """Nothing is lost between threads, and the file is always whole."""
    monkeypatch.setattr("ansible_collections.hardening.alicloud.plugins.module_utils.progress.SECONDS", 0)
    path = tmp_path / "progress"
    progress = Progress(str(path))
    progress.begin(200)
    progress.call("oss GetBucketInfo")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _number: progress.done(), range(200)))
    progress.held_up("Throttling.User")
    assert json.loads(path.read_text()) == {**STATE, "done": 200, "total": 200, "held_up": "Throttling.User"}
    progress.call("oss PutBucketAcl")
    assert json.loads(path.read_text())["held_up"] == ""


@pytest.mark.parametrize("name", [None, "folder/that/is/missing"])
def test_nobody_watching_is_no_error(tmp_path, name):
    """Without a file, or with one that can't be written, the module works as ever and leaves nothing."""
    progress = Progress(name and str(tmp_path / name))
    progress.begin(1)
    progress.done()
    assert list(tmp_path.iterdir()) == []
