// Shared leadership: how widely it is carried, never by whom.
/** How much of each line its busiest person takes part in, with a button that saves it. */
function dependenceTable(choice) {
  const rows = dependence(choice).map((line) => ({ ...line, name: lineName(line.unit, line.other), judged: line.hangs ? t("hangs") : "" }));
  if (!rows.length) return null;
  const caption = t("dependence_of_lines", { period: choice.period.label });
  const metric = METRIC["line_dependence.top"];
  const columns = [
    { key: "name", title: t("line"), show: (row) => link(row.name, lineHash(row.unit, row.other)) },
    { key: "part", title: t("busiest_part"), number: true, unit: "ratio" },
    { key: "even", title: t("even_part"), number: true, unit: "ratio" },
    { key: "judged", title: t("judged") },
    { key: "note", title: t("note") },
  ];
  return el("div", {}, el("h3", {}, metricTerm(metric, metric.family)), el("p", {}, t("dependence_why")), behind(caption, columns, rows, { open: rows.length <= 30 }));
}

/** What grew from introductions, line by line. */
function grownTable(choice) {
  const rows = rootedLines(choice).map((line) => ({ ...line, name: lineName(line.unit, line.other) }));
  if (!rows.length) return null;
  const columns = [
    { key: "name", title: t("line"), show: (row) => link(row.name, lineHash(row.unit, row.other)) },
    { key: "introductions", title: t("introductions_short"), number: true },
    { key: "since", title: t("since") },
    { key: "started", title: t("started_since"), number: true },
  ];
  return el("div", {}, el("h3", {}, t("grown")), behind(t("grown_upto", { period: choice.period.label }), columns, rows, { open: true }));
}

function leadershipPage(choice) {
  const group = (id, key, metrics, extra = null) =>
    section(id, t(key), el("p", {}, t(`${key}_why`)),
      charts(metrics.map((id) => trendFigure(choice, id, EVERY, EVERY, { title: METRIC[id]?.measure }))), extra);
  const { grain, at } = choice.period;
  const columns = [
    { key: "name", title: t("unit"), show: (row) => link(row.name, unitHash(row.at)) },
    { key: "effective", title: t("initiators_short"), number: true },
    { key: "events", title: t("convened_short"), number: true },
    { key: "conveners", title: t("conveners_short"), number: true },
    { key: "loss", title: t("loss_short"), number: true, unit: "ratio" },
    { key: "note", title: t("note") },
  ];
  const value = (id, unit) => series(grain, choice, id, unit)?.[at];
  const rows = unitsOf(choice.boundary)
    .filter((unit) => unit.name !== CONTENT.unknown)
    .map((unit) => {
      const steps = {
        effective: value("initiators.effective", unit.at),
        events: value("convening.events", unit.at),
        conveners: value("convening.conveners", unit.at),
        loss: value("connector_dependence.loss_1", unit.at),
      };
      const hidden = Object.values(steps).find((step) => step?.status === "hidden");
      return {
        at: unit.at,
        name: unitName(unit.at),
        ...Object.fromEntries(Object.entries(steps).map(([key, step]) => [key, step?.value ?? null])),
        note: hidden ? t("partly_hidden", { reason: reasonName(hidden.reason) }) : "",
      };
    });
  const caption = t("leadership_table", { period: choice.period.label });
  return [
    el("h1", { tabindex: "-1" }, t("leadership")),
    el("p", { class: "lead" }, t("leadership_why")),
    notices(choice),
    section("answers", t("answers"), el("div", { class: "answers" }, leadershipAnswer(choice), introductionAnswer(choice)), trendLegend()),
    group("initiating", "initiating", ["initiators.effective", "initiators.top_share"]),
    group("convening", "convening", ["convening.events", "convening.conveners", "convening.units"]),
    group("introducing", "introducing", ["introductions.introductions", "introductions.converted", "introductions.rate"], grownTable(choice)),
    group("joint", "joint", ["joint_initiatives.started", "joint_initiatives.alive", "joint_initiatives.survival", "participation_balance.balance"]),
    group("depending", "depending", ["connector_dependence.loss_1", "connector_dependence.loss_share", "spanners.share"], dependenceTable(choice)),
    section("per-unit", t("per_unit"), savedTable(caption, columns, rows)),
  ];
}
