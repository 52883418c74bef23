// Draws what the workbench says and passes on what is clicked and typed; it decides nothing.

const SVG = "http://www.w3.org/2000/svg";

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  fill(made, attributes, children);
  return made;
}

function shape(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  fill(made, attributes, children);
  return made;
}

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null) made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child) => child !== null));
}


// Tells of a text field once it is left or Enter is pressed, if it says something else than before.
function entered(input, tell) {
  let last = input.value;
  const commit = () => {
    if (input.value === last) return;
    last = input.value;
    tell(last);
  };
  input.addEventListener("change", commit);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") commit();
  });
  return input;
}

// Commands ----------------------------------------------------------------------------------------------------------

const PATIENCE = 20000;

// Sends one command at a time. What is asked for while one is under way waits; of several settings of one thing the last.
function sender(model, root, message) {
  let under = false, late = null;
  const waiting = new Map();
  const show = () => {
    root.setAttribute("aria-busy", String(under));
    root.classList.toggle("busy", under);
  };
  const about = (command) => [command.do, command.name ?? command.entry ?? ""].join(" ");
  const silent = () => {
    message.textContent = "Expected an answer of the kernel, got none so far. What was asked for last is not accepted. "
      + "Run the cell again if it stays silent, after a restart of the kernel all of them.";
    message.classList.add("bad");
  };
  const send = (command) => {
    if (under) {
      waiting.delete(about(command));
      waiting.set(about(command), command);
      return;
    }
    under = true;
    late = setTimeout(silent, PATIENCE);
    show();
    model.send(command);
  };
  const answered = () => {
    under = false;
    clearTimeout(late);
    const [first] = waiting;
    if (first) {
      waiting.delete(first[0]);
      send(first[1]);
    }
    show();
  };
  const lost = () => {
    waiting.clear();
    silent();
  };
  return { send, answered, lost };
}

// Arrows, Home and End move a slider wherever the panel stands: a notebook may have taken the key for itself already.
function slid(slider) {
  const low = Number(slider.min), high = Number(slider.max), step = Number(slider.step) || (high - low) / 100;
  slider.addEventListener("keydown", (event) => {
    const far = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[event.key];
    const end = { Home: low, End: high }[event.key];
    if (far === undefined && end === undefined) return;
    event.preventDefault();
    const wanted = end ?? Number(slider.value) + far * step;
    slider.value = String(Math.min(high, Math.max(low, wanted)));
    slider.dispatchEvent(new Event("input"));
    slider.dispatchEvent(new Event("change"));
  });
  return slider;
}

// The diagram -------------------------------------------------------------------------------------------------------

function partOf(anchor) {
  const href = anchor.getAttribute("href") || anchor.getAttributeNS("http://www.w3.org/1999/xlink", "href") || "#";
  return decodeURIComponent(href.slice(1));
}

function drawDiagram(pane, model, send) {
  const said = model.get("diagram");
  const held = pane.contains(document.activeElement) && document.activeElement.closest("a");
  const focused = held ? partOf(held) : null;
  const picture = element("div", { class: "hc-svg" });
  picture.innerHTML = said.svg || "";
  const svg = picture.querySelector("svg"), wide = svg?.viewBox.baseVal.width || 0;
  if (svg) Object.assign(svg.style, { maxWidth: `${1.5 * wide}px`, minWidth: `${LEAST_SCALE * wide}px` });
  const before = looks(pane);
  for (const anchor of picture.querySelectorAll("a")) prepare(anchor, model, send);
  for (const title of picture.querySelectorAll("title")) title.remove();
  for (const anchor of picture.querySelectorAll("a")) anchor.prepend(shape("title", {}, partOf(anchor)));
  const verdict = said.reproduced ? "reproduced: every link is found as intended" : "NOT reproduced";
  const lines = (said.said || []).map((text) => element("li", {}, text));
  pane.replaceChildren(
    element("h3", {}, "Control diagram, recovered over intended"),
    picture,
    element("ul", { class: "hc-legend" }, ...(said.legend || []).map(sample)),
    element("p", { class: said.reproduced ? "hc-kept hc-verdict" : "hc-broken hc-verdict" }, verdict),
    element("ul", { class: "hc-said" }, ...lines),
  );
  markChosen(pane, model);
  squeeze(picture);
  flash(picture, before);
  if (focused) [...picture.querySelectorAll("a")].find((anchor) => partOf(anchor) === focused)?.focus();
}

// How each part looks, so that what an edit has changed can be pointed out.
function looks(pane) {
  const found = new Map();
  for (const anchor of pane.querySelectorAll(".hc-svg a[data-part]")) {
    const drawn = [...anchor.querySelectorAll("path:not(.hit), polygon, text")]
      .map((one) => [one.getAttribute("stroke"), one.getAttribute("stroke-dasharray"), one.getAttribute("fill"), one.textContent].join());
    found.set(anchor.dataset.part, `${found.get(anchor.dataset.part) ?? ""}${drawn.join(";")}`);
  }
  return found;
}

function flash(picture, before) {
  if (!before.size) return;
  const now = looks(picture.parentElement);
  for (const anchor of picture.querySelectorAll("a[data-part]")) {
    anchor.classList.toggle("changed", before.get(anchor.dataset.part) !== now.get(anchor.dataset.part));
  }
}

function prepare(anchor, model, send) {
  const part = partOf(anchor);
  anchor.removeAttributeNS("http://www.w3.org/1999/xlink", "title");
  anchor.setAttribute("tabindex", "0");
  anchor.setAttribute("role", "button");
  anchor.setAttribute("aria-label", part);
  anchor.dataset.part = part;
  const choose = (event) => {
    event.preventDefault();
    event.stopPropagation();
    send({ do: "select", part });
  };
  anchor.addEventListener("click", choose);
  anchor.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") choose(event);
  });
  for (const path of anchor.querySelectorAll(":scope > path")) {
    const hit = path.cloneNode();
    hit.setAttribute("class", "hit");
    hit.removeAttribute("stroke-dasharray");
    anchor.append(hit);
  }
}

// Browsers set some letters wider than Graphviz has measured them: what would run into its neighbour is narrowed.
function squeeze(picture) {
  const boxes = [...picture.querySelectorAll("a polygon")].map((polygon) => polygon.getBBox());
  for (const text of picture.querySelectorAll("text")) {
    const start = Number(text.getAttribute("x")), height = Number(text.getAttribute("y"));
    if (text.getAttribute("text-anchor") !== "start") continue;
    const ends = boxes
      .filter((box) => box.x <= start && start < box.x + box.width && box.y <= height && height <= box.y + box.height)
      .map((box) => box.x + box.width - 3);
    const next = text.nextElementSibling;
    if (next?.tagName === "text" && next.getAttribute("y") === text.getAttribute("y")) ends.push(Number(next.getAttribute("x")) - 1);
    const room = Math.min(...ends, Infinity) - start;
    if (room > 10 && text.getComputedTextLength() > room) {
      text.setAttribute("textLength", room.toFixed(2));
      text.setAttribute("lengthAdjust", "spacingAndGlyphs");
    }
  }
}

function markChosen(pane, model) {
  const chosen = model.get("selection").part;
  for (const anchor of pane.querySelectorAll(".hc-svg a")) {
    anchor.classList.toggle("chosen", anchor.dataset.part === chosen);
    anchor.setAttribute("aria-pressed", String(anchor.dataset.part === chosen));
  }
}

const LEAST_SCALE = 0.58;

const DASHES = { dashed: "6 4", dotted: "2 3", solid: null, bold: null };

function sample(look) {
  const width = look.style === "bold" ? 3.5 : look.style === "dotted" ? 3 : 1.8;
  const line = shape("line", {
    x1: 0, x2: 26, y1: 5, y2: 5, stroke: look.color, "stroke-width": width, "stroke-dasharray": DASHES[look.style],
  });
  return element("li", {}, shape("svg", { width: 26, height: 10 }, line), look.text);
}

// The selection -----------------------------------------------------------------------------------------------------

function drawSelection(pane, model, send) {
  const said = model.get("selection");
  const held = pane.contains(document.activeElement) ? document.activeElement : null;
  const focused = held && (held.dataset.entry || held.dataset.key);
  const choose = element(
    "select",
    { "aria-label": "part", class: "hc-part", onchange: (event) => send({ do: "select", part: event.target.value }) },
    ...said.parts.map((part) => element("option", { value: part, selected: part === said.part }, part)),
  );
  const about = element("p", { class: "hc-about", "aria-live": "polite" }, "");
  const parameters = said.parameters.map((parameter) => parameterRow(parameter, send));
  const none = said.parameters.length ? null : element("p", {}, "no parameters of its own");
  pane.replaceChildren(
    element("h3", {}, "Selected: ", said.kind),
    choose,
    said.note ? element("p", { class: "hc-note" }, said.note) : "",
    element("h4", {}, "Parameters"),
    none || "",
    ...parameters,
    element("h4", {}, "Weights"),
    element(
      "div",
      { class: "hc-buttons" },
      tick("show rows of zeros", "whole", said.whole, send),
      tick("unlock what the policy masks", "unlock", said.unlocked, send),
    ),
    ...said.tables.flatMap((table) => weights(table, said, about, send)),
    about,
  );
  if (focused) {
    const again = [...pane.querySelectorAll("input, select")].find(
      (input) => input.dataset.entry === focused || input.dataset.key === focused,
    );
    again?.focus();
  }
}

function tick(text, what, value, send) {
  const box = element("input", {
    type: "checkbox", checked: value, "data-key": what, onchange: (event) => send({ do: what, value: event.target.checked }),
  });
  return element("label", {}, box, " ", text);
}

function parameterRow(parameter, send) {
  const tell = (value) => send({ do: "parameter", name: parameter.name, value });
  const label = element("span", { class: "hc-name", title: parameter.name }, parameter.title);
  const unit = element("span", {}, parameter.unit);
  if (parameter.words.length) {
    const words = parameter.words.map((word) => element("option", { selected: word === parameter.value }, word));
    const select = element(
      "select",
      { "data-key": parameter.name, "aria-label": parameter.name, onchange: (event) => tell(event.target.value) },
      ...words,
    );
    return element("div", { class: "hc-parameter" }, label, select, unit);
  }
  const field = entered(element("input", {
    type: "text", inputmode: "decimal", value: parameter.value, "data-key": parameter.name, "aria-label": parameter.name,
  }), tell);
  const slider = slid(element("input", {
    type: "range", min: parameter.low, max: parameter.high, step: parameter.step, value: parameter.value,
    "data-key": `${parameter.name} slider`, "aria-label": `${parameter.name} slider`,
    oninput: (event) => { field.value = event.target.value; },
    onchange: (event) => tell(event.target.value),
  }));
  return element("div", { class: "hc-parameter" }, label, slider, field, unit);
}

function weights(table, said, about, send) {
  const most = Math.max(...table.rows.flatMap((row) => row.cells.map((cell) => Math.abs(Number(cell?.value) || 0))), 0);
  const head = element("tr", {}, element("th"), element("th"), ...table.columns.map((name) => element("th", { scope: "col" }, name)));
  const rows = table.rows.map((row, at) => {
    const first = at === 0 || table.rows[at - 1].array !== row.array;
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, first ? row.array : ""),
      element("th", { scope: "row" }, row.label),
      ...row.cells.map((cell) => weight(cell, most, said, about, send)),
    );
  });
  const hidden = table.hidden ? [element("p", { class: "hc-about" }, `${table.hidden} rows of zeros not shown`)] : [];
  return [
    element("h4", {}, table.title),
    element("div", { class: "hc-scroll" }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows))),
    ...hidden,
  ];
}

function weight(cell, most, said, about, send) {
  if (!cell) return element("td", { class: "none" });
  const shut = (cell.locked && !said.unlocked) || cell.frozen;
  const names = [cell.locked ? "locked" : "", cell.frozen ? "frozen" : "", cell.off ? "off" : ""].filter(Boolean);
  const share = most ? Number(cell.value) / most : 0;
  const input = element("input", {
    type: "text", inputmode: "decimal", value: cell.text, readonly: shut, title: cell.about,
    "aria-label": cell.about, "data-entry": cell.entry,
    onfocus: () => { about.textContent = cell.about; },
    onkeydown: (event) => {
      if (shut && event.key.length === 1 && !event.ctrlKey && !event.metaKey) refuse();
    },
  });
  entered(input, (value) => send({ do: "edit", entry: cell.entry, value }));
  // what is shut is asked for all the same, so that the answer, and the rule, come from the library
  const refuse = () => send({ do: "edit", entry: cell.entry, value: cell.value });
  const held = element("td", { class: names.join(" "), onmouseenter: () => { about.textContent = cell.about; } }, input);
  if (share) {
    const color = share > 0 ? "178, 24, 43" : "33, 102, 172";
    held.style.backgroundColor = `rgba(${color}, ${(0.12 + 0.38 * Math.min(1, Math.abs(share))).toFixed(3)})`;
  }
  return held;
}

// The closed loop ---------------------------------------------------------------------------------------------------

function drawLoop(pane, model, send) {
  const said = model.get("loop");
  const held = pane.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const fields = said.fields.flatMap((field) => experimentField(field, send));
  const verdicts = said.verdicts.map((one) =>
    element(
      "li",
      { class: one.kept === null ? "" : one.kept ? "hc-kept" : "hc-broken", title: one.about },
      `${one.kind} ${one.name}: ${one.said}${one.before && one.before !== one.said ? ` (before: ${one.before})` : ""}`,
    ),
  );
  pane.replaceChildren(
    element("h3", {}, "Closed loop"),
    element("div", { class: "hc-fields" }, ...fields),
    said.error ? element("p", { class: "hc-broken hc-error" }, said.error) : "",
    element("ul", { class: "hc-verdicts" }, ...verdicts),
    said.strips.length ? curvesKey() : "",
    ...said.strips.map((strip) => plot(strip, said)),
  );
  if (held) [...pane.querySelectorAll("input, select")].find((input) => input.dataset.key === held)?.focus();
}

function experimentField(field, send) {
  const tell = (value) => send({ do: "experiment", name: field.name, value });
  const common = { "data-key": field.name, "aria-label": field.title };
  const words = field.words.map((word) => element("option", { selected: word === field.value }, word));
  const box = words.length
    ? element("select", { ...common, onchange: (event) => tell(event.target.value) }, ...words)
    : entered(element("input", { type: "text", value: field.value, ...common }), tell);
  return [element("label", {}, field.title), box];
}

function curvesKey() {
  const one = (name, text) =>
    element("li", {}, shape("svg", { width: 26, height: 10, class: "hc-plot", style: "width: 26px; display: inline" },
      shape("line", { x1: 0, x2: 26, y1: 5, y2: 5, class: name })), text);
  return element("ul", { class: "hc-legend" }, one("after", "now"), one("after believed", "believed now"), one("before", "before"));
}

const WIDTH = 340, HEIGHT = 110, LEFT = 46, RIGHT = 8, TOP = 8, BOTTOM = 22;

function plot(strip, said) {
  const values = strip.curves.flatMap((curve) => curve.values).filter((value) => value !== null);
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (strip.words.length) [low, high] = [-0.3, strip.words.length - 0.7];
  if (!(high > low)) [low, high] = [low - 0.5, low + 0.5];
  const count = Math.max(...strip.curves.map((curve) => curve.values.length), 1);
  const x = (step) => LEFT + ((WIDTH - LEFT - RIGHT) * step) / count;
  const y = (value) => TOP + ((HEIGHT - TOP - BOTTOM) * (high - value)) / (high - low);
  const ticks = strip.words.length ? strip.words.map((word, at) => [at, word]) : round(low, high);
  const svg = shape("svg", { class: "hc-plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": strip.title },
    shape("rect", { class: "frame", x: LEFT, y: TOP, width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM }),
    ...ticks.map(([value, text]) => shape("text", { x: LEFT - 4, y: y(value) + 3, "text-anchor": "end" }, text)),
    shape("text", { x: LEFT, y: HEIGHT - 8 }, "0"),
    shape("text", { x: WIDTH - RIGHT, y: HEIGHT - 8, "text-anchor": "end" }, `${short(count * said.step)} ${said.unit}`),
    ...["before", "after"].flatMap((when) => strip.curves.filter((curve) => curve.when === when)
      .map((curve) => shape("path", { d: path(curve, x, y), class: curveClass(curve) }, shape("title", {}, `${curve.label}, ${when === "after" ? "now" : when}`)))),
  );
  const unit = strip.unit ? ` [${strip.unit}]` : "";
  const caption = element("figcaption", {}, strip.title + unit, ...strip.outside.map((text) => element("div", { class: "hc-broken" }, text)));
  return element("figure", {}, caption, svg);
}

function curveClass(curve) {
  return curve.when === "after" && curve.label.startsWith("believed") ? "after believed" : curve.when;
}

function path(curve, x, y) {
  let text = "", pen = "M";
  curve.values.forEach((value, step) => {
    if (value === null) { pen = "M"; return; }
    text += `${pen}${x(step).toFixed(1)},${y(value).toFixed(1)}`;
    if (curve.steps) text += `H${x(step + 1).toFixed(1)}`;
    pen = "L";
  });
  return text;
}

function round(low, high) {
  const rough = (high - low) / 3, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((size) => size >= rough);
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high + step * 1e-9; k += 1) found.push([k * step, short(k * step)]);
  return found;
}

function short(value) {
  return String(Number(value.toPrecision(6)));
}

// The log -----------------------------------------------------------------------------------------------------------

function drawLog(pane, model, send, folder) {
  const said = model.get("log");
  const button = (text, action, off = false) => element("button", { type: "button", disabled: off, onclick: action }, text);
  const lines = element("pre", { class: "hc-lines", tabindex: "0", "aria-label": "changes" },
    ...(said.done.length || said.undone.length ? [] : ["no changes"]),
    ...said.done.map((text) => element("div", {}, text)),
    ...said.undone.map((text) => element("div", { class: "undone" }, text)));
  pane.replaceChildren(
    element("h3", {}, "Changes"),
    element("div", { class: "hc-buttons" },
      button("Undo", () => send({ do: "undo" }), !said.done.length),
      button("Redo", () => send({ do: "redo" }), !said.undone.length),
      button("Reset", () => send({ do: "reset" }), !said.done.length),
      button("Copy as Python", (event) => copy(said.python, event.target)),
      folder,
      button("Save", () => send({ do: "save", folder: folder.value })),
      button("Load", () => send({ do: "load", folder: folder.value }))),
    lines,
  );
  lines.scrollTop = lines.scrollHeight;
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = element("textarea", {}, text);
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy as Python"; }, 1200);
}

// All of it ---------------------------------------------------------------------------------------------------------

function isDark() {
  const theme = document.body.dataset.jpThemeLight;
  return theme ? theme === "false" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function render({ model, el }) {
  const message = element("p", { class: "hc-message", role: "status", "aria-live": "polite" });
  const pane = (name, label) => element("section", { class: name, "aria-label": label });
  const panes = {
    diagram: pane("hc-diagram", "control diagram"),
    selection: pane("hc-selection", "selection"),
    loop: pane("hc-loop", "closed loop"),
    log: pane("hc-log", "changes"),
  };
  // keys that are pressed here are meant for the panel, not for the notebook's shortcuts
  const root = element("div", { class: "hc-panel", "data-lm-suppress-shortcuts": "true" }, message, ...Object.values(panes));
  const { send, answered, lost } = sender(model, root, message);
  root.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase(), field = event.target;
    const back = key === "z" && !event.shiftKey, again = key === "y" || (key === "z" && event.shiftKey);
    const typing = field.matches?.("input[type=text]") && field.value !== field.defaultValue;
    if (typing || !(back || again)) return; // what is being typed is the field's own to undo
    event.preventDefault();
    event.stopPropagation();
    send({ do: back ? "undo" : "redo" });
  });
  const folder = element("input", { type: "text", value: "model", "aria-label": "folder", size: 18 });
  const draw = {
    message: () => {
      message.textContent = model.get("message");
      message.classList.toggle("bad", model.get("message").startsWith("Expected") || model.get("message").includes("Expected"));
    },
    diagram: () => { drawDiagram(panes.diagram, model, send); fit(); },
    selection: () => { drawSelection(panes.selection, model, send); markChosen(panes.diagram, model); },
    loop: () => drawLoop(panes.loop, model, send),
    log: () => drawLog(panes.log, model, send, folder),
    count: () => {
      draw.message(); // in place of what was said while no answer came
      if (model.get("message")) { draw.selection(); draw.loop(); } // what was refused does not stay in its field
      root.dataset.count = model.get("count");
      answered();
    },
  };
  function fit() {
    const width = el.clientWidth || 1000;
    root.classList.toggle("narrow", width < 560);
    root.classList.toggle("middle", width >= 560 && width < 1080);
    root.classList.toggle("dark", isDark());
  }
  const sizes = new ResizeObserver(fit);
  sizes.observe(el);
  const themes = new MutationObserver(fit);
  themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  el.append(root);
  for (const [name, show] of Object.entries(draw)) {
    model.on(`change:${name}`, show);
    show();
  }
  model.on("comm_live_update", lost);
  fit();
  return () => { sizes.disconnect(); themes.disconnect(); };
}

export default { render };
