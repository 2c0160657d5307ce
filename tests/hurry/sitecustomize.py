# SPDX-License-Identifier: GPL-3.0-or-later
"""On the path of the modules that tests run: waits between tries take no time, and silence is borne for less long.

The simulator counts calls, not seconds, so nothing depends on how long a module really waits.
"""

import os
import socket
import time

SHARE = float(os.environ.get("HURRY_SHARE", "1"))  # of the time for which a module would wait for an answer
_sleep = time.sleep
_settimeout = socket.socket.settimeout


def _wait_less(self: socket.socket, seconds: float | None) -> None:
    _settimeout(self, seconds and seconds * SHARE)


time.sleep = lambda seconds: _sleep(min(seconds, 0.005))
socket.socket.settimeout = _wait_less
