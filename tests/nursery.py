# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that has done the slow imports and forks for each module run, which then costs its own work only.

It reads one run after the other from standard input, a line of JSON each: `script`, `environment`, `folder`. The run
is a process of its own: it has that environment, reads `folder`/in, and writes `folder`/out and `folder`/err. For each
run the process answers two lines: the run's process id at once, its exit code (negative: the signal) when it is over.
Only what is not part of the collection is imported beforehand.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import sys
import traceback
from pathlib import Path


def main() -> None:
    """Serve until standard input ends."""
    importlib.import_module("oss2")
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            become(**json.loads(line))
        say(child)
        say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def say(number: int) -> None:
    """Answer a line."""
    os.write(1, f"{number}\n".encode())


def become(script: str, environment: dict[str, str], folder: str) -> None:
    """Be the run, and end with it."""
    code = 1
    try:
        os.environ.clear()
        os.environ.update(environment)
        for number, (name, flags) in enumerate((("in", os.O_RDONLY), ("out", os.O_WRONLY), ("err", os.O_WRONLY))):
            os.dup2(os.open(Path(folder, name), flags | os.O_CREAT, 0o600), number)
        sys.stdin = os.fdopen(0, closefd=False)
        sys.argv = [script]
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        code = end.code or 0
    except BaseException:  # noqa: BLE001 - as the interpreter would
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
