# SPDX-License-Identifier: GPL-3.0-or-later
"""One browser for all tests of report.html."""

from __future__ import annotations

import shutil
from contextlib import suppress

import pytest
from selenium import webdriver

from tests.report.browser import Page


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    binary, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if not binary or not driver:
        pytest.skip("needs Chromium and ChromeDriver (Debian: apt install chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        f"--user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    yield browser
    browser.quit()


@pytest.fixture
def page(chromium, tmp_path):
    chromium.get_log("browser")
    yield Page(chromium, tmp_path / "report.html")
    complaints = [entry["message"] for entry in chromium.get_log("browser")]
    with suppress(OSError):
        (tmp_path / "console").write_text("\n".join(complaints))
    assert not complaints, "the browser's console is empty"
