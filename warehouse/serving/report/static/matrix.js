const HEAT = ["#f1f6fb", "#b5d3ee", "#5b9bd5"]; // dark ink stands out on each

/** Heat map of the flow between units in the chosen period. */
function matrix(choice) {
  const metric = METRIC["flow.weight"];
  const grain = choice.period.grain;
  const at = choice.period.at;
  const units = unitsOf(choice.boundary)
    .map((unit) => unit.at)
    .filter((unit) => UNITS[unit].name !== CONTENT.unknown);
  const all = CONTENT.around[choice.boundary].filter((unit) => units.includes(unit));
  const cells = [];
  for (const { unit, other, steps } of metric ? allSeries(grain, choice, "flow.weight") : []) {
    if (!all.includes(unit) || !all.includes(other)) continue;
    const step = steps[at];
    if (step.status === "absent") continue;
    const cell = {
      value: step.value,
      hidden: step.status === "hidden",
      reason: step.reason,
      inside: unit === other,
      whole: step.whole,
      note: stepNote(step),
      people: step.people,
      otherPeople: step.otherPeople,
    };
    cells.push({ unit, other, ...cell });
    if (unit !== other)
      cells.push({
        unit: other,
        other: unit,
        ...cell,
        people: cell.otherPeople,
        otherPeople: cell.people,
        twin: true,
      });
  }
  if (!cells.length) return el("p", {}, t("no_lines"));
  const ordered = all.filter((unit) => cells.some((cell) => cell.unit === unit));
  const shown = cells
    .filter((cell) => !cell.twin)
    .sort((a, b) => (b.value ?? -1) - (a.value ?? -1))
    .map((cell) => ({ ...cell, one: unitName(cell.unit), two: unitName(cell.other) }));
  const top = shown.find((cell) => !cell.inside && !cell.hidden);
  const caption = top
    ? t("matrix_says", {
        period: choice.period.label,
        line: lineName(top.unit, top.other),
        value: showNumber(top.value),
        hidden: String(shown.filter((cell) => cell.hidden).length),
      })
    : t(shown.some((cell) => !cell.hidden) ? "matrix_inside" : "matrix_hidden", { period: choice.period.label });
  const most = Math.max(1, ...cells.filter((cell) => !cell.inside).map((cell) => cell.value ?? 0));
  const values = cells.map((cell) => ({
    ...cell,
    row: ordered.indexOf(cell.unit),
    column: ordered.indexOf(cell.other),
    ink: cell.hidden ? "×" : integers.format(cell.value),
    href: cell.inside ? unitHash(cell.unit) : lineHash(cell.unit, cell.other),
    tip: `${lineName(cell.unit, cell.other)}: ${cell.hidden ? t("hidden_because", { reason: reasonName(cell.reason) }) : showNumber(cell.value)}`,
  }));
  // Names are labels only: as categories the library would trip over one such as __proto__.
  const names = ordered.map((unit) => shortName(unit));
  const places = names.map((_, place) => place);
  const label = "names[datum.value]";
  const narrow = window.innerWidth < 640;
  const big = ordered.length <= (narrow ? 8 : 12); // else there is no room for numbers
  const x = {
    field: "column",
    type: "ordinal",
    sort: places,
    title: null,
    scale: { domain: places },
    axis: { orient: "top", labelExpr: label, labelAngle: narrow ? -90 : -40, labelLimit: narrow ? 110 : 150, labelOverlap: narrow && !big, ticks: false, domain: false },
  };
  const y = {
    field: "row",
    type: "ordinal",
    sort: places,
    title: null,
    scale: { domain: places },
    axis: { labelExpr: label, labelLimit: narrow ? 108 : 150, ticks: false, domain: false },
  };
  const tooltip = { field: "tip", type: "nominal" };
  return figure({
    title: t("matrix"),
    heading: el("h3", {}, metricTerm(metric, t("weight_of_lines"))),
    caption,
    className: "matrix",
    spec: {
      params: [{ name: "names", value: names }],
      data: { values },
      width: "container",
      height: ordered.length * (big ? 40 : 24),
      autosize: { type: "fit-x", contains: "padding" },
      layer: [
        {
          transform: [{ filter: "!datum.inside && !datum.hidden" }],
          mark: { type: "rect", stroke: "#fff", strokeWidth: 2, cursor: "pointer" },
          encoding: {
            x,
            y,
            tooltip,
            color: {
              field: "value",
              type: "quantitative",
              legend: null,
              scale: { type: "sqrt", domain: [0, most], range: HEAT },
            },
          },
        },
        {
          transform: [{ filter: "datum.inside" }],
          mark: {
            type: "rect",
            color: "#ffffff",
            stroke: "#c8d0d9",
            strokeDash: [3, 3],
            strokeWidth: 1,
            cursor: "pointer",
          },
          encoding: { x, y, tooltip },
        },
        {
          transform: [{ filter: "datum.hidden" }],
          mark: { type: "rect", color: "#eceef1", stroke: "#fff", strokeWidth: 2, cursor: "pointer" },
          encoding: { x, y, tooltip },
        },
        {
          transform: [{ filter: big ? "true" : "datum.hidden" }],
          mark: { type: "text", fontSize: narrow ? 10 : 12, limit: 60, cursor: "pointer" },
          encoding: {
            x,
            y,
            tooltip,
            text: { field: "ink" },
            color: { value: INK },
          },
        },
      ],
    },
    columns: [
      { key: "one", title: t("unit") },
      { key: "two", title: t("other_unit") },
      { key: "value", title: t("weight"), number: true },
      { key: "people", title: t("people_one"), number: true },
      { key: "otherPeople", title: t("people_two"), number: true },
      { key: "note", title: t("note") },
    ],
    rows: shown,
    ready: (view) =>
      view.addEventListener("click", (event, item) => {
        if (item?.datum?.href) location.hash = item.datum.href;
      }),
  });
}
