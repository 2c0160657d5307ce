# SPDX-License-Identifier: GPL-3.0-or-later
"""On the path of the modules that tests run: waits between tries take no time, for the simulator counts calls."""

import time

_sleep = time.sleep
time.sleep = lambda seconds: _sleep(min(seconds, 0.005))
