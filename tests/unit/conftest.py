# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the property tests."""

from __future__ import annotations

from hypothesis import settings

# A machine that is busy with other work makes an example slow, not wrong.
settings.register_profile("unit", deadline=None)
settings.load_profile("unit")
