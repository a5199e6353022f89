// The report's page: draws the run from the embedded JSON. Guest text only becomes
// text nodes (textContent), never markup.
"use strict";

const run = JSON.parse(document.getElementById("run").textContent);
const usual_times = JSON.parse(document.getElementById("usual").textContent);  // {cell: {milestone: seconds}}
const main = document.getElementById("main");
const find = document.getElementById("find");

/** h("a", {href: "#", class: "x"}, "text", node …): an element. Functions become listeners. */
function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") element.addEventListener(key, value);
    else if (key === "style") Object.assign(element.style, value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

const kinds = {
  "passed": { glyph: "✓", label: "passed", tone: "good" },
  "product-failure": { glyph: "✗", label: "failed", tone: "bad" },
  "host-failure": { glyph: "!", label: "host fault", tone: "fault" },
  "tolerated": { glyph: "~", label: "tolerated", tone: "fault" },
  "cancelled": { glyph: "◌", label: "cancelled", tone: "calm" },
  "none": { glyph: "·", label: "not run", tone: "muted" },
  "not-applicable": { glyph: "–", label: "not applicable", tone: "muted" },
};
const kind_of = (cell) => cell.class ?? "none";

/** "24.1s", "2m 05s", as the terminal has it. */
function short_time(seconds) {
  if (seconds === undefined || seconds === null) return "";
  if (seconds < 100) return seconds.toFixed(1) + "s";
  const whole = Math.floor(seconds), two = (n) => String(n).padStart(2, "0");
  return whole < 3600 ? `${Math.floor(whole / 60)}m ${two(whole % 60)}s`
                      : `${Math.floor(whole / 3600)}h ${two(Math.floor(whole / 60) % 60)}m`;
}

// ------------------------------------------------------------------ the axes of the matrix

const facts = new Set(["name", "outcome", "class", "seconds", "reached", "missing", "reason", "evidence", "hint",
  "attempts", "console", "milestones", "steps", "notes", "artefacts", "reproduce", "run"]);

/** 536870912 is "512M", as --memory has it. */
const short_size = (bytes) => bytes % 2 ** 30 === 0 ? `${bytes / 2 ** 30}G` : `${bytes / 2 ** 20}M`;

const machine_words = {
  memory: short_size,
  cpus: (number) => `${number} CPUs`,
  graphics: (kind) => kind === "none" ? "headless" : kind,
  tpm: (kind) => kind === "none" ? "no TPM" : kind,
};

/** {scenario: "boot", image: "recovery", arch: …}: whatever a cell is told apart by. All of its machine is one axis. */
function axes_of(cell) {
  const axes = {};
  for (const [key, value] of Object.entries(cell)) {
    if (facts.has(key) || value === null || Array.isArray(value)) continue;
    if (key === "image") axes.image = value.name;
    else if (typeof value === "object")
      axes[key] = Object.entries(value).filter(([, word]) => typeof word !== "object")
        .map(([inner, word]) => (machine_words[inner] ?? String)(word)).join(" ");
    else axes[key] = String(value);
  }
  return axes;
}

const cells = run.cells.map((cell, index) => ({
  ...cell, index, axes: axes_of(cell), kind: kind_of(cell),
  words: [cell.name, cell.outcome ?? "", kinds[kind_of(cell)].label, cell.reason ?? ""].join(" ").toLowerCase(),
}));

const narrow = matchMedia("(max-width: 520px)");  // a telephone

/** Rows and columns: the machine's firmware and medium across, the rest down; its architecture wherever it saves rows. */
function arrange() {
  const names = [...new Set(cells.flatMap((cell) => Object.keys(cell.axes)))];
  const key = (cell, axes) => JSON.stringify(axes.map((name) => cell.axes[name] ?? ""));
  const count = (axes) => new Set(cells.map((cell) => key(cell, axes))).size;
  // The axes that add a distinction: "q35" does not add any to "x86_64".
  const varying = [];
  for (const name of names) if (count([...varying, name]) > Math.max(count(varying), 1)) varying.push(name);
  const most_columns = 14;
  let across = varying.filter((name) => name === "firmware" || name === "medium");
  if (count(across) > most_columns) across = ["firmware"];
  let down = varying.filter((name) => !across.includes(name));
  if (down.includes("arch") && down.length > 1 && count(down) > 6) {
    across = ["arch", ...across];
    down = down.filter((name) => name !== "arch");
  }
  if (down.length === 0) down = ["image"];
  if (across.length === 0) across = down.includes("arch") ? ["firmware"] : ["arch"];
  const columns = new Map(), rows = new Map();
  for (const cell of cells) {
    const column = key(cell, across), row = key(cell, down);
    if (!columns.has(column)) columns.set(column, across.map((name) => cell.axes[name] ?? ""));
    if (!rows.has(row)) rows.set(row, { labels: down.map((name) => cell.axes[name] ?? ""), boxes: new Map() });
    rows.get(row).boxes.set(column, cell);
  }
  const wide = { across, down, columns: [...columns.entries()], rows: [...rows.values()] };
  // A narrow screen has room for few columns and any number of rows.
  return narrow.matches && wide.columns.length > Math.max(3, wide.rows.length) ? turned(wide) : wide;
}

/** The same matrix with its rows as columns. */
function turned({ across, down, columns, rows }) {
  return { across: down, down: across, columns: rows.map((row, i) => [i, row.labels]),
    rows: columns.map(([column, labels]) => ({ labels, boxes: new Map(rows.map((row, i) => [i, row.boxes.get(column)])) })) };
}

// ------------------------------------------------------------------ the current view: the URL's hash

/** #q=uefi&class=passed or #cell=NAME&tab=console.log */
const place = () => new URLSearchParams(location.hash.slice(1));
function go(changes, replace) {
  const next = place();
  for (const [key, value] of Object.entries(changes)) value ? next.set(key, value) : next.delete(key);
  const hash = "#" + next.toString();
  if (hash === (location.hash || "#")) return;
  if (replace) { history.replaceState(null, "", hash); draw(); } else location.hash = hash;
}
const link_to = (cell) => "#" + new URLSearchParams([...place()].filter(([key]) => key === "q" || key === "class")
  .concat([["cell", cell.name]])).toString();

function matches(cell) {
  const asked = place();
  if (asked.get("class") && cell.kind !== asked.get("class")) return false;
  return (asked.get("q") ?? "").toLowerCase().split(/\s+/).every((word) => cell.words.includes(word));
}

// ------------------------------------------------------------------ the matrix

function summary() {
  const total = cells.filter((cell) => cell.kind !== "not-applicable").length;
  const passed = cells.filter((cell) => cell.kind === "passed").length;
  const worst = ["product-failure", "host-failure", "cancelled", "none"].find((kind) => cells.some((c) => c.kind === kind));
  const mark = kinds[worst ?? "passed"];
  return h("h1", {}, h("span", { class: mark.tone }, mark.glyph + " "),
    `${passed} of ${total} ${total === 1 ? "cell" : "cells"} passed`);
}

function run_facts() {
  const host = run.host ?? {};
  const accelerators = Object.entries(host.accelerators ?? {}).map(([arch, use]) => h("span", { title: use.why }, `${arch} on ${use.name}`));
  return h("div", { class: "facts" },
    h("span", {}, run.started.replace("T", " ").replace("Z", " UTC")), h("span", {}, `took ${short_time(run.seconds)}`),
    run.complete ? null : h("span", { class: "fault" }, "not complete: still running, or killed"), accelerators,
    (run.images ?? []).filter((image) => image.changed).map((image) =>
      h("span", { class: "fault" }, `image ${image.path} changed during the run: ${image.changed}`)));
}

function image_facts(path) {
  return (run.images ?? []).filter((image) => image.path === path)
    .map((image) => `${image.size} bytes, from ${image.mtime}, SHA-256 ${image.sha256 ?? "unknown"}`).join("; ");
}

function class_bar(counts) {
  return h("div", { class: "bar", "aria-hidden": "true" }, Object.keys(kinds).filter((kind) => counts[kind] && kind !== "not-applicable")
    .map((kind) => h("span", { class: kind, style: { flex: String(counts[kind]) }, title: `${counts[kind]} ${kinds[kind].label}` })));
}

function class_chips(counts) {
  const asked = place().get("class");
  const chip = (kind, glyph, label, tone, number) => h("button", {
    type: "button", class: "chip", "aria-pressed": String((asked ?? "") === kind),
    click: () => go({ class: asked === kind ? "" : kind }),
  }, h("span", { class: tone }, glyph), label, h("b", {}, String(number)));
  const shown = cells.filter(matches).length;
  return h("div", { class: "chips", role: "group", "aria-label": "show only" }, chip("", "", "all", "", cells.length),
    Object.keys(kinds).filter((kind) => counts[kind])
      .map((kind) => chip(kind, kinds[kind].glyph + " ", kinds[kind].label, kinds[kind].tone, counts[kind])),
    shown === cells.length ? null : h("span", { class: "muted", id: "shown", role: "status" }, `${shown} of ${cells.length} shown`));
}

/** What failed, each cause once: a thousand cells rarely fail for a thousand reasons. */
function failures() {
  const groups = new Map();
  for (const cell of cells.filter((c) => (c.kind === "product-failure" || c.kind === "host-failure") && matches(c))) {
    const cause = cell.outcome + " " + (cell.reason ?? "").replace(/0x[0-9a-f]+|\d+/g, "#");
    groups.has(cause) ? groups.get(cause).push(cell) : groups.set(cause, [cell]);
  }
  if (groups.size === 0) return null;
  const most = 24;
  const group = (members) => {
    const who = h("div", { class: "who" }, members.slice(0, most).map((cell) => h("a", { href: link_to(cell) }, short_name(cell))));
    if (members.length > most)
      who.append(h("button", { type: "button", class: "muted", click: (event) => {
        event.target.replaceWith(...members.slice(most).map((cell) => h("a", { href: link_to(cell) }, short_name(cell))));
      } }, `and ${members.length - most} more`));
    const first = members[0];
    return h("div", { class: "group" }, h("span", { class: kinds[first.kind].tone }, first.outcome),
      h("span", { class: "why" }, first.reason ?? "", members.length > 1 ? h("span", { class: "muted" }, `  · ${members.length} cells`) : null), who);
  };
  return [h("h2", {}, "What failed"), [...groups.values()].sort((a, b) => b.length - a.length).map(group)];
}

let layout = arrange();
narrow.addEventListener("change", () => { layout = arrange(); draw(); });
const told_apart = (() => {
  const varying = [...layout.down, ...layout.across].filter((name) => new Set(cells.map((c) => c.axes[name])).size > 1);
  return varying.length ? varying : ["arch", "firmware"];
})();
const short_name = (cell) => told_apart.map((name) => cell.axes[name]).filter(Boolean).join(" ");

function tile(cell, seen) {
  if (!cell) return h("td");
  const kind = kinds[cell.kind];
  const text = cell.kind === "passed" ? cell.reached : cell.kind === "not-applicable" ? "n/a" : cell.outcome ?? "not run";
  const inside = [h("span", { class: "glyph" }, kind.glyph), h("span", {}, text ?? ""),
    cell.kind === "not-applicable" ? null : h("span", { class: "time" }, short_time(cell.seconds))];
  const title = cell.kind === "not-applicable" ? cell.reason : `${cell.name}: ${cell.outcome ?? "not run"}${cell.reason ? ": " + cell.reason : ""}`;
  if (cell.kind === "not-applicable") return h("td", {}, h("span", { class: `tile ${cell.kind}${seen ? "" : " out"}`, title }, inside));
  return h("td", {}, h("button", { type: "button", class: `tile ${cell.kind}${seen ? "" : " out"}`, title, tabindex: "-1",
    "data-cell": cell.index, "aria-label": `${short_name(cell)}: ${cell.outcome ?? "not run"} ${short_time(cell.seconds)}` }, inside));
}

function matrix() {
  const { across, down, columns, rows } = layout;
  const head = h("thead", {}, across.map((_, level) => h("tr", {},
    down.map((name) => h("th", { scope: "col" }, level === across.length - 1 ? name : "")),
    columns.map(([, labels], i) => {
      const repeats = i > 0 && level < across.length - 1 && labels.slice(0, level + 1).every((word, l) => word === columns[i - 1][1][l]);
      return h("th", { scope: "col", class: "col" }, repeats ? "" : labels[level]);
    }))));
  const body = h("tbody");
  let before = [], left_out = 0;
  for (const row of rows) {
    const boxes = columns.map(([column]) => row.boxes.get(column));
    const seen = boxes.map((cell) => cell !== undefined && matches(cell));
    if (!seen.some(Boolean)) continue;
    if (place().get("class") !== "not-applicable" && boxes.every((cell) => !cell || cell.kind === "not-applicable")) { ++left_out; continue; }
    const labels = row.labels.map((word, i) => h("th", {
      scope: "row", class: row.labels.slice(0, i + 1).every((w, j) => w === before[j]) && i < row.labels.length - 1 ? "same" : null }, word));
    before = row.labels;
    body.append(h("tr", {}, labels, boxes.map((cell, i) => tile(cell, seen[i]))));
  }
  const table = h("table", { class: "matrix" + (rows.length > 24 ? " compact" : "") + (columns.length > 9 ? " compact tight" : "") + (columns.length > 1 ? " times" : ""), id: "matrix" }, head, body);
  table.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-cell]");
    if (button) location.hash = link_to(cells[button.dataset.cell]);
  });
  table.addEventListener("keydown", move_in_matrix);
  table.querySelector("button.tile:not(.out)")?.setAttribute("tabindex", "0");
  const note = left_out ? h("p", { class: "muted" }, `${left_out} ${left_out === 1 ? "row of machines that cannot exist is" : "rows of machines that cannot exist are"} hidden; “not applicable” shows them.`) : null;
  return body.children.length ? [h("div", { class: "scroll" }, table), note] : [h("p", { class: "muted" }, "No matching cells."), note];
}

/** Arrow keys move between the tiles; only one of them is in the tab order. */
function move_in_matrix(event) {
  const here = event.target.closest("td");
  const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
  if (!here || !step) return;
  event.preventDefault();
  let row = here.parentElement, column = here.cellIndex;
  for (;;) {
    if (step[0]) row = step[0] > 0 ? row.nextElementSibling : row.previousElementSibling;
    column += step[1];
    const target = row?.cells[column];
    if (!target) return;
    const button = target.querySelector("button");
    if (!button) continue;
    event.target.closest("button").tabIndex = -1;
    button.tabIndex = 0;
    button.focus();
    return;
  }
}

function draw_matrix() {
  const counts = {};
  for (const cell of cells) counts[cell.kind] = (counts[cell.kind] ?? 0) + 1;
  main.replaceChildren(...[summary(), run_facts(), class_bar(counts), class_chips(counts), failures(), h("h2", {}, "Matrix"), matrix(),
    h("footer", {}, h("div", {}, "Made by ", h("code", {}, (run.command ?? []).join(" "))),
      h("div", {}, [`lktest ${run.lktest}`, run.host?.qemu && `QEMU ${run.host.qemu}`, run.host?.libvirt && `libvirt ${run.host.libvirt}`,
        run.host?.network && `network ${run.host.network}`].filter(Boolean).join(" · "), " · ", h("a", { href: "matrix.json" }, "matrix.json"),
      " · ", h("a", { href: "junit.xml" }, "junit.xml")))].flat(2).filter(Boolean));
}

// ------------------------------------------------------------------ one cell

/** What the cell left; unpacked only when somebody looks at it. */
async function unpack(cell) {
  const block = document.getElementById("cell-" + cell.index);
  if (!block) return { files: {}, images: {} };
  const bytes = Uint8Array.from(atob(block.textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

function copy_button(text) {
  return h("button", { type: "button", class: "quiet", click: async (event) => {
    try { await navigator.clipboard.writeText(text); event.target.textContent = "copied"; }
    catch { event.target.textContent = "select and copy it by hand"; }
    setTimeout(() => { event.target.textContent = "copy"; }, 1500);
  } }, "copy");
}

/** The first lines of what proves the failure; the console below has them all, in their place. */
function quoted(evidence) {
  const most = 8, more = evidence.length - most;
  return evidence.slice(0, most).join("\n") + (more > 0 ? `\n… and ${more} more` : "");
}

/** A picture of the display that a click, or Enter, makes large. */
function picture(data, caption) {
  return h("figure", {}, h("img", { src: data, alt: `the display: ${caption}`, tabindex: "0", role: "button",
    click: (event) => event.target.classList.toggle("large"),
    keydown: (event) => { if (event.key === "Enter") event.target.classList.toggle("large"); } }), h("figcaption", {}, caption));
}

function verdict_of(cell, left) {
  const pair = (label, value) => value === null || value === undefined || value === "" ? [] : [h("dt", {}, label), h("dd", {}, value)];
  const progress = cell.missing ? `${cell.reached ?? "no milestone"}, then waited for ${cell.missing}` : cell.reached;
  const told = left.files["diagnosis.json"] ? JSON.parse(left.files["diagnosis.json"].text) : {};
  const pairs = h("dl", { class: "pairs" }, pair("reason", cell.reason), cell.kind === "passed" ? [] : pair("reached", progress), pair("hint", cell.hint),
    (cell.attempts ?? []).map((boot) => pair(boot.name, `${boot.outcome} after ${short_time(boot.seconds)}`)),
    (cell.notes ?? []).map((note) => pair("note", note)), pair("state", told.summary), (told.cpus ?? []).map((line) => pair("CPU", line)), (told.silence ? [told.silence] : []).map((s) => pair("silence", `${s.reason}. ${s.fix ?? ""}`)),
    cell.evidence?.length ? pair("evidence", h("pre", { class: "evidence" }, quoted(cell.evidence))) : []);
  const images = Object.entries(left.images).filter(([name]) => !name.startsWith("film-"));
  const shots = h("div", { class: "shots" + (images.length > 1 ? " many" : "") }, images.map(([name, data]) => picture(data, name)));
  if (!pairs.children.length && !images.length) return null;
  return h("section", { class: "verdict" }, pairs, shots);
}

function nice_step(total, most) {
  const rough = total / most, power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
}

/** A waterfall: each milestone's bar begins where the one before ended. */
function timeline(cell) {
  const steps = (cell.steps ?? []).map((step) => ({ ...step, step: true }));
  const events = [...(cell.milestones ?? []), ...steps].sort((a, b) => a.at - b.at);
  if (!events.length && !cell.missing) return null;
  const usual = usual_times[cell.name] ?? {};
  const end = Math.max(cell.seconds ?? 0, ...events.map((event) => event.at), ...Object.values(usual), 0.1);
  const unit = nice_step(end, narrow.matches ? 4 : 8), percent = (seconds) => `${(100 * seconds / end).toFixed(3)}%`;
  const rows = [];
  let before = 0;
  const row = (name, from, to, kind, note) => {
    const mark = usual[name] === undefined ? null : h("span", { class: "usual", style: { left: percent(usual[name]) }, title: `usually ${short_time(usual[name])}` });
    const grid = { backgroundSize: `${percent(unit)} 100%` };
    rows.push(h("div", { class: "row" }, h("span", { class: "name" }, name),
      h("span", { class: "track", style: grid, title: note }, h("span", { class: `span ${kind}`, style: { left: percent(from), width: percent(Math.max(to - from, 0)) } }), mark),
      h("span", { class: "at" }, kind === "missing" ? "–" : short_time(to)), h("span", { class: "plus" }, kind === "step" ? "" : `+${(to - from).toFixed(2)}`)));
  };
  events.forEach((event, i) => {
    if (event.step) { row(event.name, event.at, events[i + 1]?.at ?? cell.seconds ?? event.at, "step", "a step of the scenario"); return; }
    row(event.name, before, event.at, "", `seen by ${(event.sources ?? []).join(", ")}`);
    before = event.at;
  });
  if (cell.missing && cell.seconds) row(cell.missing, before, cell.seconds, "missing", "never reached");
  const ticks = [];
  for (let at = 0; at <= end * 0.97; at += unit) ticks.push(h("span", { style: { left: percent(at) } }, `${+at.toFixed(3)}s`));
  const legend = Object.keys(usual).length ? h("p", { class: "muted" }, "The upright mark is the usual time: the median of earlier passes.") : null;
  return [h("h2", {}, "Timeline"), h("div", { class: "chart", id: "timeline" }, rows, h("div", { class: "axis" }, ticks)), legend].filter(Boolean);
}

/** What the display showed at each milestone: film-SECONDS.png, taken a moment after it. */
function filmstrip(cell, left) {
  const shots = Object.entries(left.images).filter(([name]) => name.startsWith("film-"))
    .map(([name, data]) => ({ at: Number(name.slice(5, -4)), data })).sort((a, b) => a.at - b.at);
  if (!shots.length) return null;
  const reached = (at) => (cell.milestones ?? []).filter((milestone) => milestone.at <= at).at(-1)?.name ?? "";
  return [h("h2", {}, "Display"), h("div", { class: "shots film", id: "film" },
    shots.map(({ at, data }) => picture(data, `${reached(at)} ${short_time(at)}`)))];
}

const url_of = (path) => path.split("/").map(encodeURIComponent).join("/");

const titles = { "console.log": "Console", "screens.json": "Terminal", "tty1.log": "Display text", "kernel.log": "Kernel log", "events.jsonl": "Events", "domain.xml": "Domain XML",
  "qemu.log": "QEMU", "network.log": "Network", "diagnosis.json": "Diagnosis" };

/** The command between libvirt's environment and its end, which is the first line without a backslash. */
function qemu_command(text) {
  const lines = text.split("\n"), begin = lines.findIndex((line) => /^\/\S*qemu\S* \\$/.test(line));
  if (begin < 0) return null;
  const end = lines.findIndex((line, i) => i >= begin && !line.endsWith("\\"));
  return lines.slice(begin, end < 0 ? undefined : end + 1).join("\n");
}

/** A file as lines {t, k, x}: time, kind, text. */
function lines_of(name, text) {
  const lines = text.replace(/\n$/, "").split("\n");
  if (name === "events.jsonl")
    return lines.filter(Boolean).map((line) => { const e = JSON.parse(line); return { t: e.at.toFixed(3), at: e.at, k: e.kind, x: [e.name, e.text].filter(Boolean).join(": "), flag: e.source }; });
  if (name !== "console.log" && name !== "tty1.log") return lines.map((x) => ({ x }));
  return lines.map((line) => {
    const stamped = /^\[ *(\d+\.\d+)\] ?(.*)$/s.exec(line);
    return stamped ? { t: Number(stamped[1]).toFixed(3), at: Number(stamped[1]), x: stamped[2] } : { x: line };
  });
}

/** Marks the lines that showed a milestone or the failure; returns the first line of the failure. */
function mark_lines(lines, cell, events) {
  let from = 0;
  for (const event of events) {
    if (event.kind !== "milestone" || !event.text || event.source !== "serial") continue;
    const found = lines.findIndex((line, i) => i >= from && line.x.includes(event.text.trim()));
    if (found < 0) continue;
    lines[found].flag = event.name;
    lines[found].mark = "reached";
    from = found;
  }
  let first = -1;
  const evidence = (cell.evidence ?? []).map((line) => line.trim()).filter(Boolean);
  if (cell.kind !== "passed" && evidence.length) {
    first = lines.findLastIndex((line) => line.x.includes(evidence[0]));
    for (let i = 0; first >= 0 && i < evidence.length && lines[first + i]?.x.includes(evidence[i]); ++i) lines[first + i].mark = "failed";
    if (first >= 0) lines[first].flag = cell.outcome;
  }
  return first;
}

function line_element(line) {
  if (line.cut) return h("div", { class: "line cut" }, line.x);
  return h("div", { class: "line " + (line.mark ?? "") }, line.t === undefined ? null : h("span", { class: "t" }, line.t),
    line.k ? h("span", { class: "k" }, line.k) : null, h("span", { class: "x" }, line.x), line.flag ? h("span", { class: "flag" }, line.flag) : null);
}

/** Lines with a search of their own: Enter goes to the next hit, Shift+Enter back. */
function viewer(name, lines, text, path, first) {
  const box = h("div", { class: "log", tabindex: "0", role: "region", "aria-label": name }, lines.map(line_element));
  const count = h("span", { role: "status" });
  let hits = [], now = -1;
  const show = (index) => {
    box.querySelector(".now")?.classList.remove("now");
    now = hits.length ? (index + hits.length) % hits.length : -1;
    count.textContent = input.value ? (hits.length ? `${now + 1} of ${hits.length}` : "none") : "";
    if (now >= 0) { const line = box.children[hits[now]]; line.classList.add("now"); reveal(box, line); }
  };
  const search = () => {
    for (const mark of box.querySelectorAll("mark")) { const x = mark.closest(".x"); x.textContent = x.textContent; }
    const word = input.value.toLowerCase();
    hits = word ? lines.flatMap((line, i) => line.x.toLowerCase().includes(word) ? [i] : []) : [];
    for (const i of hits.slice(0, 5000)) {
      const x = box.children[i].querySelector(".x"), whole = lines[i].x;
      if (!x) continue;
      x.replaceChildren();
      let from = 0, lower = whole.toLowerCase();
      if (lower.length !== whole.length) { x.textContent = whole; continue; }
      for (let at; (at = lower.indexOf(word, from)) >= 0; from = at + word.length) x.append(whole.slice(from, at), h("mark", {}, whole.slice(at, at + word.length)));
      x.append(whole.slice(from));
    }
    show(Math.max(hits.findIndex((i) => i >= first), 0));
  };
  const input = h("input", { type: "search", placeholder: `Search ${titles[name]?.toLowerCase() ?? name}`, "aria-label": "search these lines", input: search,
    keydown: (event) => { if (event.key === "Enter") { event.preventDefault(); show(now + (event.shiftKey ? -1 : 1)); } } });
  const to_failure = first < 0 ? null : h("button", { type: "button", class: "quiet", click: () => reveal(box, box.children[first]) }, "failure line");
  const panel = h("div", { role: "tabpanel" }, h("div", { class: "tools" }, input, count, h("span", { class: "right" }, to_failure,
    h("a", { href: url_of(path) }, "file"), copy_button(text))), box);
  if (first >= 0) requestAnimationFrame(() => reveal(box, box.children[first]));
  return panel;
}

function reveal(box, line) {
  box.scrollTop = line.offsetTop - box.offsetTop - box.clientHeight / 5;
}

/** A colour of harness/console/frames.hpp: xterm's palette (its ctlseqs, "256-colour"), or 0x1000000 and RGB. */
function colour(number) {
  const hex = (n) => "#" + n.toString(16).padStart(6, "0");
  const sixteen = [0x000000, 0xcd3131, 0x0dbc79, 0xc9b01f, 0x3672c8, 0xbc3fbc, 0x11a8cd, 0xd5d5d5,
    0x707070, 0xf14c4c, 0x23d18b, 0xf5f543, 0x5b97ea, 0xd670d6, 0x29b8db, 0xffffff];
  if (number >= 0x1000000) return hex(number - 0x1000000);
  if (number < 16) return hex(sixteen[number]);
  if (number >= 232) return hex((8 + 10 * (number - 232)) * 0x010101);
  const level = (n) => n === 0 ? 0 : 55 + 40 * n, n = number - 16;
  return hex(level(Math.floor(n / 36)) << 16 | level(Math.floor(n / 6) % 6) << 8 | level(n % 6));
}

/** Part of a terminal's row: [text, foreground, background, attributes]. */
function painted(part) {
  const [text, ink = -1, ground = -1, attributes = 0] = part;
  if (part.length === 1) return text;
  let [fore, back] = [ink < 0 ? null : colour(ink), ground < 0 ? null : colour(ground)];
  if (attributes & 4) [fore, back] = [back ?? "#16181b", fore ?? "#d5d5d5"];
  return h("span", { style: { color: fore ?? "", backgroundColor: back ?? "", fontWeight: attributes & 1 ? "700" : "",
    textDecoration: attributes & 2 ? "underline" : "" } }, text);
}

/** What the serial terminal showed, screen after screen. */
function terminal_panel(frames, path) {
  return h("div", { role: "tabpanel" }, h("div", { class: "tools" }, h("span", { class: "muted" }, "Screens of the serial terminal, before each was erased and at the end"),
    h("span", { class: "right" }, h("a", { href: url_of(path) }, "file"))),
    frames.map((rows, i) => h("figure", { class: "terminal" }, h("pre", { tabindex: "0" }, rows.map((row) => [...row.map(painted), "\n"])),
      h("figcaption", {}, `${i + 1} of ${frames.length}`))));
}

function file_panel(name, cell, left) {
  const file = left.files[name], path = `${cell.name}/${name}`;
  if (name === "screens.json" && !file.omitted) return terminal_panel(JSON.parse(file.text), path);
  let text = file.text;
  if (name === "qemu.log" && qemu_command(text)) text = qemu_command(text);
  if (name === "diagnosis.json") text = JSON.stringify(JSON.parse(text), null, 2);
  let lines = lines_of(name, text);
  const events = name === "console.log" && left.files["events.jsonl"] ? left.files["events.jsonl"].text.split("\n").filter(Boolean).map((l) => JSON.parse(l)) : [];
  if (file.omitted) lines.splice(file.after, 0, { x: `${file.omitted} bytes omitted here; see the file`, cut: true });
  const first = name === "console.log" || name === "kernel.log" ? mark_lines(lines, cell, events) : -1;
  return viewer(name, lines, text, path, first);
}

function files_panel(cell) {
  return h("div", { role: "tabpanel" }, h("ul", { class: "files" }, (cell.artefacts ?? []).map((path) =>
    h("li", {}, h("a", { href: url_of(path) }, path.slice(path.indexOf("/") + 1))))));
}

function tabs(cell, left) {
  const order = Object.keys(titles);
  const names = Object.keys(left.files).sort((a, b) => (order.indexOf(a) + 99) % 99 - (order.indexOf(b) + 99) % 99);
  if (cell.artefacts?.length) names.push("files");
  if (!names.length) return null;
  const asked = place().get("tab"), chosen = names.includes(asked) ? asked : names[0];
  const holder = h("div");
  const buttons = names.map((name) => h("button", { type: "button", role: "tab", "data-tab": name }, titles[name] ?? (name === "files" ? "Files" : name)));
  const choose = (name, remember) => {
    for (const button of buttons) {
      const on = button.dataset.tab === name;
      button.setAttribute("aria-selected", String(on));
      button.tabIndex = on ? 0 : -1;
    }
    holder.replaceChildren(name === "files" ? files_panel(cell) : file_panel(name, cell, left));
    if (remember) { const next = place(); next.set("tab", name); history.replaceState(null, "", "#" + next); }
  };
  const list = h("div", { class: "tabs", role: "tablist" }, buttons);
  list.addEventListener("click", (event) => { const name = event.target.dataset.tab; if (name) choose(name, true); });
  list.addEventListener("keydown", (event) => {
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!move) return;
    const next = buttons[(buttons.indexOf(event.target) + move + buttons.length) % buttons.length];
    choose(next.dataset.tab, true);
    next.focus();
  });
  choose(chosen, false);
  return [list, holder];
}

let drawn = null;  // the cell that was requested last: unpacking may end after another request
async function draw_cell(cell) {
  drawn = cell;
  const left = await unpack(cell);
  if (drawn !== cell) return;
  const kind = kinds[cell.kind], shown = cells.filter((c) => c.kind !== "not-applicable" && matches(c));
  const index = shown.indexOf(cell), step = (by) => shown[(index + by + shown.length) % shown.length];
  const ways = index < 0 ? null : h("span", { class: "right" },
    h("a", { href: link_to(step(-1)), class: "quiet", title: "k" }, "‹ previous"), h("a", { href: link_to(step(1)), class: "quiet", title: "j" }, "next ›"));
  const outcome = cell.outcome ? `${cell.outcome}${cell.seconds === undefined ? "" : " after " + short_time(cell.seconds)}` : "not run";
  main.replaceChildren(...[
    h("nav", { class: "crumbs" }, h("a", { href: back_link(), title: "Esc" }, "‹ matrix"), ways),
    h("h1", {}, h("span", { class: kind.tone }, kind.glyph + " "), cell.name),
    h("div", { class: "facts" }, h("span", { class: kind.tone }, outcome), Object.entries(cell.axes).map(([name, word]) => h("span", { title: name }, word)),
      cell.image?.path ? h("span", { title: image_facts(cell.image.path) }, cell.image.path) : null),
    verdict_of(cell, left), timeline(cell), filmstrip(cell, left),
    cell.reproduce ? [h("h2", {}, "Run this cell again"), h("div", { class: "command" }, h("code", {}, cell.reproduce), copy_button(cell.reproduce))] : null,
    tabs(cell, left),
  ].flat(2).filter(Boolean));
  scrollTo(0, 0);
  document.title = `${kind.glyph} ${short_name(cell)} · lktest`;
}

const back_link = () => "#" + new URLSearchParams([...place()].filter(([key]) => key === "q" || key === "class")).toString();

// ------------------------------------------------------------------ the whole

function draw() {
  const asked = place(), cell = cells.find((c) => c.name === asked.get("cell"));
  if (document.activeElement !== find) find.value = asked.get("q") ?? "";
  if (cell) { draw_cell(cell).catch((error) => { main.replaceChildren(h("p", { class: "bad" }, `This cell cannot be shown: ${error.message}`)); }); return; }
  drawn = null;
  const counts = cells.filter((c) => c.kind === "passed").length, total = cells.filter((c) => c.kind !== "not-applicable").length;
  document.title = `${counts}/${total} passed · lktest`;
  draw_matrix();
}

function keys(event) {
  if (event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const cell = place().get("cell");
  if (event.key === "/") { event.preventDefault(); (cell ? main.querySelector(".tools input") ?? find : find).focus(); }
  if (event.key === "Escape" && cell) location.hash = back_link();
  if (cell && (event.key === "j" || event.key === "k")) main.querySelector(`.crumbs a[title="${event.key}"]`)?.click();
}

let waiting = 0;
find.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => go({ q: find.value.trim(), cell: "", tab: "" }, true), 80); });
find.addEventListener("keydown", (event) => { if (event.key === "Enter") main.querySelector("button.tile:not(.out)")?.focus(); });

const dark = matchMedia("(prefers-color-scheme: dark)"), button = document.getElementById("theme");
/** The choice is kept for this page where the browser lets a file keep anything. */
const stored = { get: () => { try { return localStorage.getItem("lktest-theme"); } catch { return null; } },
  set: (value) => { try { value ? localStorage.setItem("lktest-theme", value) : localStorage.removeItem("lktest-theme"); } catch { /* for this visit only */ } } };
let theme = place().get("theme") ?? stored.get() ?? "";
function paint() {
  document.documentElement.dataset.theme = theme || (dark.matches ? "dark" : "light");
  const words = { "": "automatic", light: "light", dark: "dark" };
  button.textContent = `Theme: ${words[theme] ?? "automatic"}`;
  button.title = `switch to the ${words[next_theme()]} theme`;
  button.setAttribute("aria-label", `${button.textContent}; ${button.title}`);
}
const next_theme = () => ({ "": "dark", dark: "light", light: "" })[theme] ?? "";
button.addEventListener("click", () => { theme = next_theme(); stored.set(theme); paint(); });
dark.addEventListener("change", paint);
addEventListener("hashchange", draw);
addEventListener("keydown", keys);
paint();
draw();
