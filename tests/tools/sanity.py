# SPDX-License-Identifier: GPL-3.0-or-later
"""Run every ansible-test sanity test on the checkout: python tests/tools/sanity.py [FURTHER ARGUMENTS].

ansible-test works only inside a real .../ansible_collections/NAMESPACE/NAME folder (a link will not do), so it gets a
copy of what git tracks or would track. Its virtual environments live in a home of their own, kept between runs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Outside the checkout, since ansible-test writes scripts whose first line cannot hold a long path or a space.
HOME = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hardening.alicloud" / "ansible-test"

GET_PIP = '''\
"""Install the pip that this Python brings along, where ansible-test would download one."""
import os
import runpy
import sys

import ensurepip

if __name__ == "__main__":
    ensurepip.bootstrap()
'''


def main(arguments: list[str]) -> int:
    """Test a copy of the checkout; return ansible-test's exit code."""
    prepare_home(HOME)
    with tempfile.TemporaryDirectory(prefix="sanity-") as folder:
        copy = Path(folder) / "ansible_collections" / "hardening" / "alicloud"
        copy_sources(ROOT, copy)
        python = "{}.{}".format(*sys.version_info)  # else it wants every Python that Ansible knows
        command = [Path(sys.executable).with_name("ansible-test"), "sanity", "--python", python, *arguments]
        environment = {**os.environ, "HOME": str(HOME)}
        return subprocess.run(command, cwd=copy, env=environment, check=False).returncode


def copy_sources(root: Path, target: Path) -> None:
    """Copy every file that git tracks, or would if it were added."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=root, check=True, capture_output=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (root / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target / name)


def prepare_home(home: Path) -> None:
    """Make the home that ansible-test runs in: the user's pip settings, and the script that brings pip into new venvs.

    ansible-test downloads that script from a server of the Ansible project unless it is there already.
    """
    for name in (".pip", ".config/pip", ".cache/pip"):
        ours, users = home / name, Path.home() / name
        ours.parent.mkdir(parents=True, exist_ok=True)
        if users.exists() and not ours.is_symlink():
            ours.symlink_to(users)
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    (cache / f"get_pip_{pinned_pip().replace('.', '_')}.py").write_text(GET_PIP)


def pinned_pip() -> str:
    """Return the pip version that the installed ansible-test asks for, which is in the script's name."""
    package = find_spec("ansible_test")
    source = Path(package.submodule_search_locations[0]) / "_internal" / "python_requirements.py"
    if found := re.search(r"\bpip='([\d.]+)'", source.read_text()):
        return found[1]
    raise SystemExit(f"sanity: this ansible-core names no pip version in {source}")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
