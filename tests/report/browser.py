# SPDX-License-Identifier: GPL-3.0-or-later
"""report.html in a browser, and what an attacker would write into it."""

from __future__ import annotations

from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_page import as_html
from selenium.webdriver.common.by import By

PHONE, TABLET, DESKTOP = 390, 820, 1280
# An attempt for each place that a value could escape from, and characters that hide or overlong text.
ATTACKS = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    '" onmouseover="document.title=\'owned\'" autofocus onfocus="document.title=\'owned\'" x="',
    "'><svg onload=document.title='owned'>",
    "</style></script></title><script>document.title='owned'</script>",
    "{{ 7 * 7 }}{% raw %}${7*7}",
    "javascript:document.title='owned'",
    "\u202egnp.exe\x1b[31m",
    "W" * 300,
    "-->",
]


class Page:
    """report.html, open in the browser from a file."""

    def __init__(self, browser, path):
        self.browser = browser
        self.path = path

    def open(self, report, width=DESKTOP, language="en", *, dark=False, fragment=""):
        """Write the page, and look at it on a screen of that width."""
        self.path.write_text(as_html(report, language), encoding="utf-8")
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width == PHONE}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "screen", "features": [scheme]})
        self.browser.get("about:blank")
        self.browser.get(f"{self.path.as_uri()}{fragment}")
        return self

    def js(self, script, *arguments):
        """Give the value of an expression."""
        return self.browser.execute_script(f"return {script}", *arguments)

    def names(self):
        """Names of the risks that are to be seen, from top to bottom."""
        return self.js("[...document.querySelectorAll('.risk')].filter((e) => e.offsetParent).map((e) => e.querySelector('.name').firstChild.textContent.trim())")  # fmt: skip  # noqa: E501

    def click(self, selector):
        """Press a button."""
        self.browser.find_element(By.CSS_SELECTOR, selector).click()

    def type(self, text):
        """Replace the words that are searched for."""
        search = self.browser.find_element(By.ID, "search")
        search.clear()
        search.send_keys(text)

    def open_all(self):
        """Show the details of everything."""
        self.js("document.querySelectorAll('details').forEach((e) => { e.open = true; })")

    def text(self, selector="body"):
        """Give what a reader sees."""
        return self.browser.find_element(By.CSS_SELECTOR, selector).text


# Texts with a contrast below 4.5 to what is behind them.
CONTRAST = """(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (color, ground) => {
    canvas.fillStyle = `rgb(${ground.join()})`; canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const ground = (e) => e ? over(getComputedStyle(e).backgroundColor, ground(e.parentElement)) : [255, 255, 255];
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return [...document.querySelectorAll("body *")].filter((e) => e.offsetParent && [...e.childNodes].some(
    (n) => n.nodeType === 3 && n.textContent.trim())).map((e) => {
      const behind = ground(e), text = over(getComputedStyle(e).color, behind);
      const [a, b] = [light(behind), light(text)].sort((x, y) => y - x);
      return [(a + 0.05) / (b + 0.05), e.outerHTML.slice(0, 90)];
  }).filter(([contrast]) => contrast < 4.5);
})()"""
