// What was delivered, what is missing, and what is hidden and why.
function dataPage(choice) {
  const { publication } = CONTENT;
  return [
    el("h1", { tabindex: "-1" }, t("data")),
    el("p", { class: "lead" }, t("data_why")),
    section("delivered", t("delivered"), el("p", {}, t("delivered_why")), deliveries()),
    section("incomplete", t("incomplete"), el("p", {}, t("incomplete_why")), incomplete(choice)),
    section(
      "hidden",
      t("hidden"),
      el(
        "p",
        {},
        t("hidden_why", { k: String(publication.k), dominance: shares.format(publication.dominance) }),
      ),
      hiddenCounts(choice),
      hiddenList(choice),
    ),
  ];
}

function deliveries() {
  const rows = CONTENT.delivery.month;
  if (!rows.length) return el("p", {}, t("no_deliveries"));
  const months = PERIODS.month;
  const columns = [
    { key: "source", title: t("source"), show: (row) => row[0], raw: (row) => row[0] },
    { key: "partner", title: t("partner"), show: (row) => row[1], raw: (row) => row[1] },
    ...months.map((month) => {
      const at = (row) => row[2].find(([place]) => place === month.at);
      return {
        title: month.short,
        number: true,
        show: (row) => {
          const told = at(row);
          return told
            ? el(
                "span",
                { class: told[2] ? "missing" : null },
                told[2] ? t("missing") : told[1] === null ? "–" : shares.format(told[1]),
              )
            : "";
        },
        raw: (row) => at(row)?.[1] ?? null,
      };
    }),
  ];
  const caption = t("deliveries");
  return el("div", {}, dataTable(caption, columns, rows), saver(caption, columns, rows));
}

function incomplete(choice) {
  const { grain, at } = choice.period;
  const inside = new Set(within(choice.period, "month").map((one) => one.at));
  const rows = CONTENT.part.month
    .filter(
      ([b, c, , , month]) =>
        b === choice.boundary &&
        c === choice.channel &&
        (grain === "month" ? month === at : inside.has(month)),
    )
    .map(([, , unit, other, month, part, missing]) => ({
      name: other === EVERY ? unitName(unit) : lineName(unit, other),
      period: PERIODS.month[month].label,
      part,
      missing,
    }));
  const unfinished = [...PERIODS.quarter, ...PERIODS.month]
    .filter((period) => !isWhole(period))
    .map((period) => t("period_part", { period: period.label, part: shares.format(period.part) }));
  const caption = t("incomplete_in", { period: choice.period.label });
  const columns = [
    { key: "name", title: t("unit_or_line") },
    { key: "period", title: t("period") },
    { key: "part", title: t("part_seen"), number: true, unit: "ratio" },
    { key: "missing", title: t("missing_sources"), number: true },
  ];
  return el(
    "div",
    {},
    rows.length
      ? [dataTable(caption, columns, rows), saver(caption, columns, rows)]
      : el("p", {}, t("nothing_incomplete", { period: choice.period.label })),
    unfinished.length
      ? [
          el("h3", {}, t("unfinished")),
          el(
            "ul",
            {},
            unfinished.map((text) => el("li", {}, text)),
          ),
        ]
      : null,
  );
}

function hiddenCounts(choice) {
  const counts = CONTENT.hidden.filter(
    ([grain, b, c, at]) =>
      grain === choice.period.grain &&
      b === choice.boundary &&
      c === choice.channel &&
      at === choice.period.at,
  );
  const total = counts.reduce((sum, row) => sum + row[5], 0);
  if (!total) return null;
  const rows = counts.map(([, , , , reason, cells]) => ({
    reason: reason < 0 ? t("shown") : reasonName(CONTENT.reasons[reason]),
    cells,
    share: cells / total,
  }));
  const caption = t("hidden_counts", { period: choice.period.label });
  const columns = [
    { key: "reason", title: t("shown_or_why") },
    { key: "cells", title: t("numbers"), number: true },
    { key: "share", title: t("share"), number: true, unit: "ratio" },
  ];
  return el("div", {}, dataTable(caption, columns, rows), saver(caption, columns, rows));
}

function hiddenList(choice) {
  const untold = hiddenLines(choice);
  if (!untold.length) return el("p", {}, t("no_hidden_lines", { period: choice.period.label }));
  const caption = t("hidden_lines", { period: choice.period.label });
  const columns = [
    { key: "name", title: t("line"), show: (row) => link(row.name, lineHash(row.unit, row.other)) },
    { key: "why", title: t("why") },
  ];
  const rows = untold.map((line) => ({
    ...line,
    name: lineName(line.unit, line.other),
    why: reasonName(line.reason),
  }));
  return behind(caption, columns, rows);
}
