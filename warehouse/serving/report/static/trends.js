// Trend charts: a series with its interval, what is usual, and what is not whole or hidden marked.
function trendColumns(metric) {
  const unit = metric.unit;
  return [
    { key: "name", title: t("period"), show: (row) => row.label },
    { key: "value", title: t("value"), number: true, unit },
    { key: "low", title: t("low"), number: true, unit },
    { key: "high", title: t("high"), number: true, unit },
    { key: "expected", title: t("by_chance"), number: true, unit },
    { key: "median", title: t("median"), number: true, unit },
    { key: "usualLow", title: t("usual_low"), number: true, unit },
    { key: "usualHigh", title: t("usual_high"), number: true, unit },
    { key: "note", title: t("note") },
  ];
}

function trendRows(metric, steps) {
  return withUsual(steps, metric).map((step) => ({
    ...step,
    period: undefined,
    name: step.period.name,
    label: step.period.label,
    short: step.period.short,
    value: step.value ?? null,
    note: step.status === "absent" ? nothing(metric, "no_row", "no_number") : stepNote(step),
  }));
}

/** Why there is no row: only of these it is that nothing happened; others need history, or something to measure. */
function nothing(metric, none, unmeasured) {
  return t(/^(flow|interaction_volume)\./.test(metric.id) ? none : unmeasured);
}

function stepNote(step) {
  const notes = [];
  if (step.status === "hidden") notes.push(t("hidden_because", { reason: reasonName(step.reason) }));
  if (step.status === "empty") notes.push(t("no_meaning"));
  if (step.status === "absent") notes.push(t("no_row"));
  if (!isWhole(step.period)) notes.push(t("period_not_whole"));
  if (step.part < 1) notes.push(t("seen_in_part", { part: shares.format(step.part) }));
  return notes.join("; ");
}

/** What the pointer is told on a step: value, interval, and what to know about it. */
function trendTip(metric, row) {
  if (row.value === null) return `${row.label}: ${row.note}`;
  const show = (value) => showNumber(value, metric.unit);
  const interval = row.low !== null && row.low !== undefined ? ` (${show(row.low)} – ${show(row.high)})` : "";
  return `${row.label}: ${show(row.value)}${interval}${row.note ? `; ${row.note}` : ""}`;
}

/** One series over time: value, interval, usual range, median; what is not whole or hidden is marked. */
function trendSpec(metric, rows, chosen, height = 180) {
  const data = rows.map((row) => ({ ...row, tip: trendTip(metric, row), chosen: chosen.includes(row.name) }));
  const labels = data.map((row) => row.short);
  const x = {
    field: "short",
    type: "ordinal",
    sort: labels,
    title: null,
    scale: { type: "band", paddingInner: 0, paddingOuter: 0, domain: labels },
    axis: { labelOverlap: "greedy", labelSeparation: 8, ticks: false },
  };
  const heights = ["value", "low", "high", "median", "expected", "usualLow", "usualHigh"];
  const flat = !data.some((row) => heights.some((field) => row[field]));
  const y = (field) => ({
    field,
    type: "quantitative",
    title: null,
    axis: { format: metric.unit === "ratio" ? ".1~%" : ",~r", tickCount: 4 },
    scale: { zero: true, nice: true, ...(flat && { domain: [0, 1] }) }, // nothing lies at the foot
  });
  const tooltip = { field: "tip", type: "nominal" };
  const has = (field) => data.some((row) => row[field] !== null && row[field] !== undefined);
  return {
    data: { values: data },
    width: "container",
    height,
    autosize: { type: "fit-x", contains: "padding" },
    layer: [
      { transform: [{ filter: "datum.chosen" }], mark: { type: "rect", color: "#eaf1f8" }, encoding: { x } },
      has("usualLow") && {
        mark: { type: "area", color: "#c9d1da", opacity: 0.45, interpolate: "linear" },
        encoding: { x, y: y("usualLow"), y2: { field: "usualHigh" } },
      },
      has("median") && {
        mark: { type: "line", color: SOFT, strokeDash: [5, 4], strokeWidth: 1.2 },
        encoding: { x, y: y("median") },
      },
      has("expected") && {
        mark: { type: "line", color: "#8a4b08", strokeDash: [1, 3], strokeWidth: 1.8 },
        encoding: { x, y: y("expected") },
      },
      has("low") && {
        transform: [{ filter: "isValid(datum.low) && isValid(datum.high)" }],
        mark: { type: "rule", color: ACCENT, opacity: 0.55, strokeWidth: 2 },
        encoding: { x, y: y("low"), y2: { field: "high" } },
      },
      { mark: { type: "line", color: ACCENT, strokeWidth: 2 }, encoding: { x, y: y("value") } },
      {
        transform: [{ filter: "isValid(datum.value)" }],
        mark: { type: "point", size: 46, strokeWidth: 1.8, color: ACCENT, opacity: 1 },
        encoding: {
          x,
          y: y("value"),
          shape: { condition: { test: "datum.whole", value: "circle" }, value: "diamond" },
          fill: { condition: { test: "datum.whole", value: ACCENT }, value: "#ffffff" },
          tooltip,
        },
      },
      {
        transform: [{ filter: "datum.status === 'hidden'" }],
        mark: { type: "text", text: "×", fontSize: 15, color: SOFT, baseline: "bottom" },
        encoding: { x, y: { value: "height" }, tooltip },
      },
    ].filter(Boolean),
  };
}

/** What a series does, in a sentence: its value in the chosen period, beside the one before. */
function trendSentence(metric, steps, at) {
  const step = steps[at];
  if (!step || step.status === "absent") return nothing(metric, "says_nothing", "says_unmeasured");
  if (step.status === "hidden")
    return t("says_hidden", { period: step.period.label, reason: reasonName(step.reason) });
  if (step.status === "empty") return t("says_empty", { period: step.period.label });
  const before = steps
    .slice(0, at)
    .filter((one) => one.whole && one.value !== null)
    .pop();
  const value = showNumber(step.value, metric.unit);
  const tail = step.whole ? "" : ` ${t("says_not_whole")}`;
  if (!before) return t("says_value", { period: step.period.label, value }) + tail;
  return (
    t("says_value_before", {
      period: step.period.label,
      value,
      before: showNumber(before.value, metric.unit),
      then: before.period.label,
    }) + tail
  );
}

/** Figure of a metric's series, or null where there is none. */
function trendFigure(choice, id, unit = EVERY, other = EVERY, { title, height } = {}) {
  const metric = METRIC[id];
  const grain = choice.grain;
  const steps =
    metric && (other === EVERY ? series(grain, choice, id, unit) : series(grain, choice, id, unit, other));
  if (!steps) return null;
  const inside = within(choice.period, grain);
  const at = inside.length ? inside[inside.length - 1].at : steps.length - 1;
  const rows = trendRows(metric, steps);
  const name = title ?? metric.title;
  const where = unit === EVERY ? "" : ` · ${other === EVERY ? unitName(unit) : lineName(unit, other)}`;
  const sentence = trendSentence(metric, steps, at);
  if (!steps.some((step) => step.value !== null)) {
    return el(
      "figure",
      { class: "nothing" },
      el("figcaption", {}, el("h3", {}, metricTerm(metric, name)), el("p", { class: "says" }, sentence)),
    );
  }
  return figure({
    title: `${name}${where}`,
    heading: el("h3", {}, metricTerm(metric, name)),
    caption: sentence,
    spec: trendSpec(
      metric,
      rows,
      inside.map((one) => one.name),
      height,
    ),
    columns: trendColumns(metric),
    rows,
  });
}

/** Figures side by side; those without any number as a list of sentences after them, or words that there are none. */
function charts(...figures) {
  const all = figures.flat().filter(Boolean);
  const empty = all.filter((one) => one.classList.contains("nothing"));
  if (!all.length) return el("p", {}, t("nothing_here"));
  return [el("div", { class: "charts" }, all.filter((one) => !empty.includes(one))), empty.length ? el("div", { class: "charts unshown" }, empty) : null];
}

/** A few numbers to begin with: [word with its meaning, text], ... */
function facts(told) {
  return el("dl", { class: "facts" }, told.filter(Boolean).map(([word, text]) => el("div", {}, el("dt", {}, word), el("dd", {}, text))));
}

/** A metric in the chosen period as a fact; null where there is none. */
function fact(choice, id, unit, other = EVERY, word = METRIC[id]?.measure) {
  const metric = METRIC[id];
  const step = metric && series(choice.period.grain, choice, id, unit, other)?.[choice.period.at];
  if (!step || step.status === "absent" || step.status === "empty") return null;
  return [metricTerm(metric, word), step.status === "hidden" ? t("hidden_short") : showNumber(step.value, metric.unit)];
}

/** How to read the trend charts. */
function trendLegend() {
  const item = (draw, text) => el("li", {}, draw, ` ${text}`);
  const box = (...parts) =>
    svg("svg", { width: 30, height: 14, viewBox: "0 0 30 14", "aria-hidden": "true" }, ...parts);
  return el(
    "ul",
    { class: "legend" },
    item(
      box(
        svg("line", { x1: 0, y1: 7, x2: 30, y2: 7, stroke: ACCENT, "stroke-width": 2 }),
        svg("circle", { cx: 15, cy: 7, r: 3.5, fill: ACCENT }),
      ),
      t("legend_value"),
    ),
    item(
      box(
        svg("path", { d: "M15 2 L20 7 L15 12 L10 7 Z", fill: "#fff", stroke: ACCENT, "stroke-width": 1.8 }),
      ),
      t("legend_not_whole"),
    ),
    item(
      box(svg("line", { x1: 15, y1: 1, x2: 15, y2: 13, stroke: ACCENT, "stroke-width": 2, opacity: 0.6 })),
      t("legend_interval"),
    ),
    item(
      box(
        svg("rect", { x: 0, y: 2, width: 30, height: 10, fill: "#c9d1da", opacity: 0.6 }),
        svg("line", { x1: 0, y1: 7, x2: 30, y2: 7, stroke: SOFT, "stroke-dasharray": "5 4" }),
      ),
      t("legend_usual"),
    ),
    item(
      box(
        svg("line", {
          x1: 0,
          y1: 7,
          x2: 30,
          y2: 7,
          stroke: "#8a4b08",
          "stroke-width": 2,
          "stroke-dasharray": "1 3",
        }),
      ),
      t("legend_chance"),
    ),
    item(el("span", { class: "cross", "aria-hidden": "true" }, "×"), t("legend_hidden")),
    item(box(svg("rect", { x: 0, y: 0, width: 30, height: 14, fill: "#d7e5f3" })), t("legend_chosen")),
  );
}
