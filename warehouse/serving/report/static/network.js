// The map of units with their lines, and the flow matrix.
// Each state has a colour, a pattern and a sign, so that none of them has to be seen alone.
const LOOK = {
  steady: { colour: "#4a6a8a", dash: [1, 0], sign: "" },
  growing: { colour: "#17713f", dash: [14, 3], sign: "▲" },
  new: { colour: "#6d28d9", dash: [7, 3], sign: "★" },
  revived: { colour: "#0f6b75", dash: [12, 3, 3, 3], sign: "↻" },
  weakening: { colour: "#a84a05", dash: [6, 5], sign: "▼" },
  quiet: { colour: "#b91c1c", dash: [2, 5], sign: "○" },
  lost: { colour: "#7a1020", dash: [2, 9], sign: "✕" },
  closed: { colour: "#6b7280", dash: [12, 8], sign: "■" },
  early: { colour: "#64748b", dash: [4, 2], sign: "" },
  hidden: { colour: "#8a8f98", dash: [1, 4], sign: "" },
};
const NAMES = Object.keys(LOOK);

/** Lines of one step: {unit, other, state, weight, ...}; hidden ones too. */
function edges(choice, grain, at) {
  const states = new Map(lines(grain, choice).map((line) => [`${line.unit}/${line.other}`, line]));
  const known = new Set();
  const told = [];
  for (const { unit, other, steps } of allSeries(grain, choice, "flow.weight")) {
    if (unit === other || unit === EVERY || other === EVERY) continue;
    if (UNITS[unit].name === CONTENT.unknown || UNITS[other].name === CONTENT.unknown) continue;
    const step = steps[at];
    const line = states.get(`${unit}/${other}`) ?? states.get(`${other}/${unit}`);
    const state = line?.states[at] ?? null;
    known.add(`${unit}/${other}`);
    if (step.status === "absent" && (!state || state === "hidden")) continue;
    const hidden = step.status === "hidden" || (step.status === "absent" && state === "hidden");
    told.push({
      unit, other, name: lineName(unit, other), weight: step.value ?? (hidden ? null : 0), hidden, reason: step.reason ?? "",
      state: hidden ? "hidden" : state && state !== "hidden" ? state : "early", whole: step.whole, note: stepNote({ ...step, status: hidden ? step.status : "shown" }),
    });
  }
  return told;
}

function networkSpec(choice, told, width) {
  const order = CONTENT.around[choice.boundary];
  const narrow = width < 620;
  const height = narrow ? Math.max(340, order.length * 22) : Math.max(460, order.length * 24);
  const room = narrow ? Math.min(110, width * 0.31) : 190;
  const rx = Math.max(40, width / 2 - room);
  const ry = height / 2 - 34;
  const place = new Map(order.map((unit, n) => {
    const angle = (2 * Math.PI * (n + 0.5)) / order.length - Math.PI / 2;
    return [unit, { x: width / 2 + rx * Math.cos(angle), y: height / 2 + ry * Math.sin(angle), cos: Math.cos(angle), sin: Math.sin(angle) }];
  }));
  const most = Math.max(1, ...told.map((edge) => edge.weight ?? 0));
  const drawn = told.filter((edge) => place.has(edge.unit) && place.has(edge.other)).map((edge) => {
    const [a, b] = [place.get(edge.unit), place.get(edge.other)];
    const sure = Math.max(1.5, (narrow ? 9 : 14) * Math.sqrt((edge.weight ?? 0) / most));
    return {
      x: a.x, y: a.y, x2: b.x, y2: b.y, mx: a.x + (b.x - a.x) * 0.38, my: a.y + (b.y - a.y) * 0.38,
      state: edge.state, sign: LOOK[edge.state].sign, width: edge.hidden ? 1.3 : edge.weight > 0 ? sure : 2.5,
      tip: `${edge.name}: ${t(`state_${edge.state}`)}${edge.hidden ? ` (${reasonName(edge.reason)})` : `, ${t("weight_is", { value: showNumber(edge.weight) })}`}`,
      href: lineHash(edge.unit, edge.other), weight: edge.weight ?? 0, faint: edge.hidden || edge.state === "closed",
    };
  }).sort((a, b) => Number(b.faint) - Number(a.faint) || b.width - a.width);
  const nodes = order.map((unit) => {
    const { x, y, cos, sin } = place.get(unit);
    const upright = Math.abs(cos) < 0.34;
    return { x, y, label: shortName(unit), href: unitHash(unit), tx: x + (upright ? 0 : Math.sign(cos) * 14), ty: y + Math.sign(sin) * (upright ? 18 : Math.abs(sin) > 0.7 ? 12 : 0), align: upright ? "center" : cos > 0 ? "left" : "right" };
  });
  const scale = { x: { type: "quantitative", scale: { domain: [0, width], nice: false, zero: false }, axis: null }, y: { type: "quantitative", scale: { domain: [height, 0], nice: false, zero: false }, axis: null } };
  const x = (field) => ({ field, ...scale.x });
  const y = (field) => ({ field, ...scale.y });
  const colour = { field: "state", type: "nominal", legend: null, scale: { domain: NAMES, range: NAMES.map((name) => LOOK[name].colour) } };
  const dash = { field: "state", type: "nominal", legend: null, scale: { domain: NAMES, range: NAMES.map((name) => LOOK[name].dash) } };
  const ends = { x: x("x"), y: y("y"), x2: { field: "x2" }, y2: { field: "y2" } };
  const thick = { field: "width", type: "quantitative", scale: null };
  const labels = (align, halo) => ({ data: { values: nodes.filter((node) => node.align === align) }, mark: { type: "text", align, baseline: "middle", fontSize: narrow ? 11.5 : 14, color: halo ? "#fff" : INK, ...(halo ? { stroke: "#fff", strokeWidth: 4 } : {}), limit: room - 14, cursor: "pointer" }, encoding: { x: x("tx"), y: y("ty"), text: { field: "label" } } });
  const signed = { values: drawn.filter((edge) => edge.sign) };
  const signs = [
    { data: signed, mark: { type: "circle", size: 300, color: "#fff", opacity: 1, strokeWidth: 1.5 }, encoding: { x: x("mx"), y: y("my"), stroke: colour } },
    { data: signed, mark: { type: "text", fontSize: 12, fontWeight: "bold", baseline: "middle" }, encoding: { x: x("mx"), y: y("my"), text: { field: "sign" }, color: colour } },
  ];
  return {
    width, height, autosize: { type: "none" }, padding: 0,
    layer: [
      { data: { values: drawn }, mark: { type: "rule", opacity: 0.88 }, encoding: { ...ends, color: colour, strokeDash: dash, strokeWidth: thick } },
      ...signs,
      { data: { values: drawn }, mark: { type: "rule", opacity: 0, strokeWidth: 14, cursor: "pointer" }, encoding: { ...ends, tooltip: { field: "tip", type: "nominal" } } },
      { data: { values: nodes }, mark: { type: "circle", size: 150, color: INK, opacity: 1, stroke: "#fff", strokeWidth: 2, cursor: "pointer" }, encoding: { x: x("x"), y: y("y"), tooltip: { field: "label", type: "nominal" } } },
      ...["left", "right", "center"].flatMap((align) => [labels(align, true), labels(align, false)]),
    ],
  };
}

function networkSentence(told, period) {
  const shown = told.filter((edge) => !edge.hidden);
  const count = (...states) => shown.filter((edge) => states.includes(edge.state)).length;
  return t("network_says", {
    period: period.label, active: String(shown.filter((edge) => edge.weight > 0).length), quiet: String(count("quiet", "lost")),
    growing: String(count("growing", "new", "revived")), weakening: String(count("weakening")), hidden: String(told.length - shown.length),
  });
}

const EDGE_COLUMNS = () => [
  { key: "name", title: t("line"), show: (row) => link(row.name, lineHash(row.unit, row.other)) },
  { key: "state", title: t("state"), show: (row) => t(`state_${row.state}`), raw: (row) => t(`state_${row.state}`) },
  { key: "weight", title: t("weight"), number: true },
  { key: "note", title: t("note"), show: (row) => row.note || (row.hidden ? t("hidden_because", { reason: reasonName(row.reason) }) : "") },
];

/** Map with a slider over time. */
function network(choice) {
  const grain = choice.grain;
  const periods = PERIODS[grain].filter((period) => lines(grain, choice).some((line) => line.states[period.at]));
  if (!periods.length) return el("p", {}, t("no_lines"));
  const inside = within(choice.period, grain);
  let step = Math.max(0, periods.findIndex((one) => one === inside[inside.length - 1]));
  if (step < 0 || !periods.includes(inside[inside.length - 1])) step = periods.length - 1;
  const id = fresh("time");
  const place = el("div", { class: "chart map", role: "img" });
  const says = el("p", { class: "says", "aria-live": "polite" });
  const output = el("output", { for: id });
  const table = el("div", {});
  const slider = el("input", { type: "range", id, min: "0", max: String(periods.length - 1), step: "1", value: String(step) });
  const move = (by) => () => {
    slider.value = String(Number(slider.value) + by);
    show();
  };
  let last = "";
  function show() {
    const period = periods[Number(slider.value)];
    const told = edges(choice, grain, period.at);
    const wanted = `${period.name}/${place.clientWidth}`;
    if (wanted === last) return;
    last = wanted;
    output.textContent = period.label;
    slider.setAttribute("aria-valuetext", period.label);
    says.textContent = networkSentence(told, period);
    place.setAttribute("aria-label", says.textContent);
    table.replaceChildren(behind(t("lines_in", { period: period.label }), EDGE_COLUMNS(), [...told].sort((a, b) => (b.weight ?? -1) - (a.weight ?? -1))));
    draw(place, networkSpec(choice, told, Math.max(280, place.clientWidth))).then((view) => view?.addEventListener("click", (event, item) => {
      if (item?.datum?.href) location.hash = item.datum.href;
    }));
  }
  slider.addEventListener("input", show);
  requestAnimationFrame(show);
  new ResizeObserver(() => place.isConnected && requestAnimationFrame(show)).observe(place);
  return el("figure", { class: "network" },
    el("div", { class: "slider" }, el("label", { for: id }, t("time")),
      el("button", { type: "button", "aria-label": t("earlier"), onclick: move(-1) }, "‹"), slider,
      el("button", { type: "button", "aria-label": t("later"), onclick: move(1) }, "›"), output),
    el("figcaption", {}, says), place, stateLegend(), table);
}

function stateLegend() {
  return el("ul", { class: "legend states" }, NAMES.map((name) => {
    const { colour, dash, sign } = LOOK[name];
    const line = svg("line", { x1: 1, y1: 8, x2: 45, y2: 8, stroke: colour, "stroke-width": name === "hidden" ? 1.5 : 4, "stroke-dasharray": dash.join(" ") });
    return el("li", {}, svg("svg", { width: 46, height: 16, viewBox: "0 0 46 16", "aria-hidden": "true" }, line),
      sign ? el("span", { class: "sign", style: `color:${colour}`, "aria-hidden": "true" }, sign) : null, " ", stateTerm(name));
  }));
}

/** Heat map of the flow between units in the chosen period. */
function matrix(choice) {
  const metric = METRIC["flow.weight"];
  const grain = choice.period.grain;
  const at = choice.period.at;
  const units = unitsOf(choice.boundary).map((unit) => unit.at).filter((unit) => UNITS[unit].name !== CONTENT.unknown);
  const ordered = CONTENT.around[choice.boundary].filter((unit) => units.includes(unit));
  const cells = [];
  for (const { unit, other, steps } of metric ? allSeries(grain, choice, "flow.weight") : []) {
    if (!ordered.includes(unit) || !ordered.includes(other)) continue;
    const step = steps[at];
    if (step.status === "absent") continue;
    const cell = { value: step.value, hidden: step.status === "hidden", reason: step.reason, inside: unit === other, whole: step.whole, note: stepNote(step), people: step.people, otherPeople: step.otherPeople };
    cells.push({ unit, other, ...cell });
    if (unit !== other) cells.push({ unit: other, other: unit, ...cell, people: cell.otherPeople, otherPeople: cell.people, twin: true });
  }
  if (!cells.length) return el("p", {}, t("no_lines"));
  const shown = cells.filter((cell) => !cell.twin).sort((a, b) => (b.value ?? -1) - (a.value ?? -1)).map((cell) => ({ ...cell, one: unitName(cell.unit), two: unitName(cell.other) }));
  const top = shown.find((cell) => !cell.inside && !cell.hidden);
  const caption = top
    ? t("matrix_says", { period: choice.period.label, line: lineName(top.unit, top.other), value: showNumber(top.value), hidden: String(shown.filter((cell) => cell.hidden).length) })
    : t("matrix_hidden", { period: choice.period.label });
  const most = Math.max(1, ...cells.filter((cell) => !cell.inside).map((cell) => cell.value ?? 0));
  const values = cells.map((cell) => ({
    ...cell, row: shortName(cell.unit), column: shortName(cell.other), ink: cell.hidden ? "×" : showNumber(cell.value),
    dark: !cell.inside && cell.value > most * 0.42, href: cell.inside ? unitHash(cell.unit) : lineHash(cell.unit, cell.other),
    tip: `${lineName(cell.unit, cell.other)}: ${cell.hidden ? t("hidden_because", { reason: reasonName(cell.reason) }) : showNumber(cell.value)}`,
  }));
  const labels = ordered.map((unit) => shortName(unit));
  const big = ordered.length <= 12;
  const x = { field: "column", type: "ordinal", sort: labels, title: null, scale: { domain: labels }, axis: { orient: "top", labelAngle: -40, labelLimit: 150, ticks: false, domain: false } };
  const y = { field: "row", type: "ordinal", sort: labels, title: null, scale: { domain: labels }, axis: { labelLimit: 150, ticks: false, domain: false } };
  const tooltip = { field: "tip", type: "nominal" };
  return figure({
    title: t("matrix"), heading: el("h3", {}, metric ? metricTerm(metric, t("matrix")) : t("matrix")), caption, className: "matrix",
    spec: {
      data: { values }, width: "container", height: { step: big ? 40 : 24 }, autosize: { type: "fit-x", contains: "padding" },
      layer: [
        { transform: [{ filter: "!datum.inside && !datum.hidden" }], mark: { type: "rect", stroke: "#fff", strokeWidth: 2, cursor: "pointer" }, encoding: { x, y, tooltip, color: { field: "value", type: "quantitative", legend: null, scale: { type: "sqrt", domain: [0, most], range: ["#f3f7fb", "#9fc3e3", "#1f5f99", "#0b2c4d"] } } } },
        { transform: [{ filter: "datum.inside" }], mark: { type: "rect", color: "#ffffff", stroke: "#c8d0d9", strokeDash: [3, 3], strokeWidth: 1, cursor: "pointer" }, encoding: { x, y, tooltip } },
        { transform: [{ filter: "datum.hidden" }], mark: { type: "rect", color: "#eceef1", stroke: "#fff", strokeWidth: 2, cursor: "pointer" }, encoding: { x, y, tooltip } },
        { transform: [{ filter: big ? "true" : "datum.hidden" }], mark: { type: "text", fontSize: 12, limit: 60, cursor: "pointer" }, encoding: { x, y, tooltip, text: { field: "ink" }, color: { condition: { test: "datum.dark", value: "#ffffff" }, value: INK } } },
      ],
    },
    columns: [
      { key: "one", title: t("unit") }, { key: "two", title: t("other_unit") }, { key: "value", title: t("weight"), number: true },
      { key: "people", title: t("people_one"), number: true }, { key: "otherPeople", title: t("people_two"), number: true }, { key: "note", title: t("note") },
    ],
    rows: shown,
    ready: (view) => view.addEventListener("click", (event, item) => {
      if (item?.datum?.href) location.hash = item.datum.href;
    }),
  });
}
