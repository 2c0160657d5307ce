# SPDX-License-Identifier: GPL-3.0-or-later
"""A loopback Alibaba Cloud for tests, demos and benchmarks: `README.md` says what it can do."""

from .errors import EstateError
from .server import Simulator

__all__ = ["EstateError", "Simulator"]
