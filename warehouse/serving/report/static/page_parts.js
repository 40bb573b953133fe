// What several pages have in common: notices, buttons, and a table of every measure.
/** What to know before reading: a period that is not over, a source that is missing, nothing published. */
function notices(choice) {
  const told = [];
  const { period } = choice;
  if (!isWhole(period))
    told.push(t("notice_not_whole", { period: period.label, part: shares.format(period.part) }));
  const gone = new Map();
  for (const month of within(period, "month")) {
    for (const [source, partner, steps] of CONTENT.delivery.month) {
      if (steps.some(([at, , missing]) => at === month.at && missing))
        gone.set(`${partner}/${month.label}`, t("notice_missing", { partner, period: month.label }));
    }
  }
  told.push(...gone.values());
  return told.length
    ? el(
        "ul",
        { class: "notices" },
        told.map((text) => el("li", {}, text)),
        gone.size ? el("li", {}, link(t("notice_see"), pageHash("data"))) : null,
      )
    : null;
}

/** A table with a button that saves it; words where it would be empty. */
function savedTable(caption, columns, rows) {
  return rows.length ? [dataTable(caption, columns, rows), saver(caption, columns, rows)] : el("p", {}, t("nothing_here"));
}

function saver(caption, columns, rows) {
  return el(
    "div",
    { class: "beneath" },
    el(
      "button",
      {
        type: "button",
        class: "save",
        "aria-label": t("download_of", { what: caption }),
        onclick: () => download(fileName(caption), csv(columns, rows)),
      },
      t("download"),
    ),
  );
}

function boundaryPlural(choice) {
  const name = CONTENT.boundaries[choice.boundary];
  return tOr(`boundary_${name}_plural`, name);
}

/** Every measure of a unit or a line in the chosen period; with what is hidden. */
function rest(choice, unit, other) {
  const { grain, at } = choice.period;
  const rows = METRICS.map((metric) => ({ metric, steps: series(grain, choice, metric.id, unit, other) }))
    .filter((one) => one.steps && one.steps[at].status !== "absent")
    .map(({ metric, steps }) => ({
      title: metric.title,
      metric,
      value: steps[at].value,
      median: steps[at].median ?? null,
      note: stepNote(steps[at]),
    }));
  if (!rows.length) return null;
  const caption = t("all_measures_in", {
    name: other === EVERY ? unitName(unit) : lineName(unit, other),
    period: choice.period.label,
  });
  const columns = [
    { key: "title", title: t("measure"), show: (row) => metricTerm(row.metric) },
    {
      key: "value",
      title: t("value"),
      number: true,
      show: (row) => showNumber(row.value, row.metric.unit),
      raw: (row) => row.value,
    },
    {
      key: "unit",
      title: t("counted_in"),
      show: (row) => row.metric.unitWords,
      raw: (row) => row.metric.unitWords,
    },
    {
      key: "median",
      title: t("median"),
      number: true,
      show: (row) => showNumber(row.median, row.metric.unit),
      raw: (row) => row.median,
    },
    { key: "note", title: t("note") },
  ];
  return section("all", t("all_measures"), behind(caption, columns, rows));
}

function missingPage(name) {
  return [
    el("h1", { tabindex: "-1" }, t("not_here")),
    el("p", { class: "lead" }, t("not_here_why", { name })),
    el("p", {}, link(t("units_and_lines"), pageHash("units"))),
  ];
}
