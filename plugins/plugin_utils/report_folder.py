# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The folder of reports: one folder a run, and latest, which points at the newest.

Whoever reads along sees a whole file or none: each is written beside its place and then moved there.
"""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

LATEST = "latest"
RUN = re.compile(r"\d{8}T\d{6}Z-\d{6}")
HISTORY_DEPTH = 200  # an audit every hour for a week


def run_id(started: datetime) -> str:
    """Name a run: its start in UTC and, to keep apart what starts in one second, the microseconds."""
    return started.strftime("%Y%m%dT%H%M%SZ-%f")


def write(reports: Path, run: str, files: dict[str, str]) -> Path:
    """Write the files (name to text) of one run and return its folder; an OSError leaves nothing of the run."""
    folder = reports / run
    folder.mkdir(parents=True)
    try:
        for name, text in files.items():
            temporary = folder / f".{name}"
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(folder / name)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def point_latest(reports: Path, run: str) -> None:
    """Let latest point at the run, from one moment to the next; OSError if a folder stands in its place."""
    temporary = reports / f".{LATEST}.{run}"
    temporary.symlink_to(run)
    try:
        temporary.replace(reports / LATEST)
    except OSError:
        temporary.unlink()
        raise


def keep_newest(reports: Path, number: int) -> list[Path]:
    """Remove the runs older than so many, none if the number is 0; return those that would not go.

    What latest points at stays, and so does whatever is not a folder that a run left. The newest run that looked for
    risks stays as well, since the next one is compared with it, however many investigations came after it.
    """
    if number < 1:
        return []
    runs = _runs(reports)
    kept = {_latest(reports), next((run.name for run in runs if _looked_for_risks(run)), None)}
    old = [run for run in runs[number:] if run.is_dir() and not run.is_symlink() and run.name not in kept]
    for run in old:
        shutil.rmtree(run, ignore_errors=True)
    return [run for run in old if run.exists()]


def _looked_for_risks(run: Path) -> bool:
    report = _read(run)
    return report is not None and bool(report.get("summaries"))


def _read(run: Path) -> dict | None:
    """The report of a run; None if it is not readable."""
    try:
        report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return report if isinstance(report, dict) else None


def _latest(reports: Path) -> str | None:
    link = reports / LATEST
    return link.readlink().name if link.is_symlink() else None


def _runs(reports: Path) -> list[Path]:
    """Everything that is named like a run, the newest first; OSError if the folder is not readable."""
    return sorted((entry for entry in reports.iterdir() if RUN.fullmatch(entry.name)), reverse=True)


def earlier(reports: Path) -> Iterator[dict]:
    """Yield the reports that lie here, newest first, each read when asked for; what is not readable is passed over."""
    try:
        runs = _runs(reports)
    except OSError:
        return
    for run in runs[:HISTORY_DEPTH]:
        if (report := _read(run)) is not None:
            yield report
