"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const root = document.documentElement;
  const risks = [...document.querySelectorAll(".risk")];
  const events = [...document.querySelectorAll(".event")];

  // Light or dark: as the system says, until the reader chooses; a browser may forbid to remember it.
  const remembered = () => { try { return localStorage.getItem("hardening-theme"); } catch { return null; } };
  const remember = (theme) => { try { localStorage.setItem("hardening-theme", theme); } catch { /* for this visit only */ } };
  if (remembered()) root.dataset.theme = remembered();
  $("theme").hidden = $("print").hidden = false;
  $("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    remember(root.dataset.theme);
  });

  // On paper everything that is shown is open; of events with one conclusion the first, and what was opened.
  const opened = [];
  addEventListener("beforeprint", () => {
    const told = events.filter((event) => event.open || event.matches(".is-first"));
    const folds = [...document.querySelectorAll(".alike")];
    const parts = told.flatMap((event) => [event, ...event.querySelectorAll("details")]).concat(folds);
    opened.push(...[...risks.filter((risk) => !risk.hidden), ...parts].filter((one) => !one.open));
    opened.forEach((one) => { one.open = true; });
  });
  addEventListener("afterprint", () => opened.splice(0).forEach((one) => { one.open = false; }));
  $("print").addEventListener("click", () => print());

  // A link to an event, or to a conclusion, shows it.
  const aim = () => { const id = location.hash.slice(1); return /^(event|investigation)-/.test(id) ? $(id) : null; };
  const unfold = () => {
    const first = aim() && (aim().matches(".event") ? aim() : aim().querySelector(".event"));
    if (first) first.open = true;
  };
  addEventListener("hashchange", unfold);
  unfold();

  const form = $("filters");
  if (!form) return;
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  const search = $("search"), chips = [...form.querySelectorAll(".chip")];
  const selects = ["control", "account"].map($).filter(Boolean);
  const texts = new Map();
  const textOf = (risk) => {
    if (!texts.has(risk)) {
      const around = risk.closest("[data-group]").querySelector("header").textContent;
      texts.set(risk, `${around} ${risk.textContent}`.toLowerCase());
    }
    return texts.get(risk);
  };
  const pressed = (name) => chips.filter((chip) => chip.dataset.filter === name && chip.getAttribute("aria-pressed") === "true").map((chip) => chip.value);

  // The filters stand in the address as well, so that a link shows what its sender saw.
  const state = () => {
    const wanted = new URLSearchParams();
    if (search.value.trim()) wanted.set("q", search.value.trim());
    for (const name of ["severity", "status", "new"]) if (pressed(name).length) wanted.set(name, pressed(name).join());
    for (const select of selects) if (select.value) wanted.set(select.id, select.value);
    return wanted;
  };
  const restore = () => {
    const wanted = new URLSearchParams(location.hash.slice(1));
    search.value = wanted.get("q") || "";
    for (const chip of chips) chip.setAttribute("aria-pressed", String((wanted.get(chip.dataset.filter) || "").split(",").includes(chip.value)));
    for (const select of selects) select.value = [...select.options].some((one) => one.value === wanted.get(select.id)) ? wanted.get(select.id) : "";
  };
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = Object.fromEntries(["severity", "status", "new"].map((name) => [name, pressed(name)]));
    let shown = 0;
    for (const risk of risks) {
      const fits = Object.entries(wanted).every(([name, values]) => !values.length || values.includes(risk.dataset[name]))
        && selects.every((select) => !select.value || risk.dataset[select.id] === select.value)
        && words.every((word) => textOf(risk).includes(word));
      risk.hidden = !fits;
      shown += fits;
    }
    for (const box of document.querySelectorAll("[data-group], [data-section]")) box.hidden = !box.querySelector(".risk:not([hidden])");
    const filtered = state().toString();
    $("count").value = $("count").dataset.text.replace("{shown}", shown).replace("{total}", risks.length);
    $("none").hidden = shown > 0;
    $("reset").hidden = !filtered;
    if (!filtered && aim()) return;
    try { history.replaceState(null, "", filtered ? `#${filtered}` : location.pathname + location.search); } catch { /* a sandbox without an address */ }
  };
  chips.forEach((chip) => chip.addEventListener("click", () => {
    chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
    apply();
  }));
  search.addEventListener("input", apply);
  selects.forEach((select) => select.addEventListener("change", apply));
  $("reset").addEventListener("click", () => { location.hash = ""; restore(); apply(); search.focus(); });
  addEventListener("hashchange", () => { restore(); apply(); });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.closest("input, select")) { event.preventDefault(); search.focus(); }
  });
  restore();
  apply();
})();
