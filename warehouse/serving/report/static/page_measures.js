// Every published measure.
function measuresPage(choice, id) {
  const metric = METRIC[id] ?? METRICS[0];
  const pick = el(
    "select",
    {
      id: "measure",
      onchange: (event) => {
        location.hash = pageHash("measures", event.target.value);
      },
    },
    METRICS.map((one) => el("option", { value: one.id, selected: one === metric }, one.title)),
  );
  const grain = choice.period.grain;
  const at = choice.period.at;
  const rows = metric
    ? allSeries(grain, choice, metric.id)
        .filter(({ steps }) => steps[at].status !== "absent")
        .map(({ unit, other, steps }) => ({
          unit,
          other,
          one: unit === EVERY ? t("whole_network") : unitName(unit),
          two: other === EVERY ? "" : unitName(other),
          value: steps[at].value,
          median: steps[at].median ?? null,
          note: stepNote(steps[at]),
        }))
        .sort(
          (a, b) =>
            (a.unit === EVERY ? -1 : b.unit === EVERY ? 1 : 0) ||
            (b.value ?? -Infinity) - (a.value ?? -Infinity),
        )
    : [];
  const columns = [
    {
      key: "one",
      title: t("unit"),
      show: (row) => (row.unit === EVERY ? row.one : link(row.one, unitHash(row.unit))),
    },
    {
      key: "two",
      title: t("other_unit"),
      show: (row) =>
        row.other === EVERY
          ? ""
          : row.unit === row.other
            ? row.two
            : link(row.two, lineHash(row.unit, row.other)),
    },
    { key: "value", title: t("value"), number: true, unit: metric?.unit },
    { key: "median", title: t("median"), number: true, unit: metric?.unit },
    { key: "note", title: t("note") },
  ];
  const caption = metric ? `${metric.title}, ${choice.period.label}` : "";
  return [
    el("h1", { tabindex: "-1" }, t("all_measures")),
    el("p", { class: "lead" }, t("measures_why")),
    notices(choice),
    el("p", { class: "field" }, el("label", { for: "measure" }, t("measure")), pick),
    metric
      ? section(
          "definition",
          metric.title,
          el(
            "p",
            {},
            metric.definition,
            " ",
            t(`direction_${["up", "down"].includes(metric.direction) ? metric.direction : "context"}`),
          ),
          trendLegend(),
          trendFigure(choice, metric.id) ?? el("p", {}, t("no_network_series")),
          el("h3", {}, t("every_unit_and_line")),
          savedTable(caption, columns, rows),
        )
      : null,
  ];
}
