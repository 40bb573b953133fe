// How good the data are: what was delivered, what is missing, who is unknown, and what is hidden and why.
function dataPage(choice) {
  const { k, dominance } = CONTENT.publication;
  return [
    el("h1", { tabindex: "-1" }, t("data")),
    el("p", { class: "lead" }, t("data_why")),
    notices(choice),
    section("quality", t("quality"), el("p", {}, t("quality_why")), qualityFacts(choice)),
    section("unknown", t("unknown"), el("p", {}, t("unknown_why")), trendLegend(), charts(trendFigure(choice, "cross_boundary_share.unknown_share"))),
    section("delivered", t("delivered"), el("p", {}, t("delivered_why")), deliveries()),
    section("source_nights", t("source_nights"), el("p", {}, t("source_nights_why")), sourceNights()),
    section("incomplete", t("incomplete"), el("p", {}, t("incomplete_why")), incomplete(choice)),
    section("hidden", t("hidden"), el("p", {}, t("hidden_why", { k: String(k), dominance: shares.format(dominance) })), hiddenCounts(choice), hiddenList(choice), hiddenPrice(choice)),
  ];
}

/** The quality of the chosen period in four numbers. */
function qualityFacts(choice) {
  const { period } = choice;
  const seen = within(period, "month").map((month) => partSeen("month", choice, EVERY, EVERY, month.at)?.part ?? 1);
  const counts = hiddenRows(choice);
  const total = counts.reduce((sum, row) => sum + row.cells, 0);
  const hidden = counts.filter((row) => row.reason !== null).reduce((sum, row) => sum + row.cells, 0);
  return facts([
    [t("days_with_data"), shares.format(period.part)],
    [t("seen_of_network"), shares.format(Math.min(...seen))],
    fact(choice, "cross_boundary_share.unknown_share", EVERY, EVERY, t("unknown_short")),
    total ? [t("hidden_numbers"), showNumber(hidden / total, "ratio")] : null,
  ]);
}

function deliveries() {
  const rows = CONTENT.delivery.month;
  if (!rows.length) return el("p", {}, t("no_deliveries"));
  const month = ({ at, short }) => {
    const told = (row) => row[2].find(([place]) => place === at);
    const show = (row) => {
      const [, share, missing] = told(row) ?? [];
      if (missing) return el("span", { class: "missing" }, t("missing"));
      return share === undefined ? "" : share === null ? "–" : shares.format(share);
    };
    return { title: short, number: true, show, raw: (row) => told(row)?.[1] ?? null };
  };
  const columns = [
    { key: "0", title: t("source") },
    { key: "1", title: t("partner") },
    ...PERIODS.month.map(month),
  ];
  const caption = t("deliveries");
  return el("div", {}, savedTable(caption, columns, rows));
}

/** What is said of an expectation that was not met; one of the data team's own goes by its name. */
function expectationName(name) {
  return tOr(`expect_${name}`, name);
}

/** Per source the part of each month's nights without a warning, and what was unusual in the last night. */
function sourceNights() {
  const rows = CONTENT.quality;
  if (!rows.length) return el("p", {}, t("no_source_nights"));
  const month = ({ at, short }) => {
    const part = (row) => {
      const [, nights, good] = row[2].find(([place]) => place === at) ?? [];
      return nights ? good / nights : null;
    };
    return { title: short, number: true, unit: "ratio", show: (row) => (part(row) === null ? "" : shares.format(part(row))), raw: part };
  };
  const unmet = (row) => row[3].map(expectationName).join("; ");
  const columns = [
    { key: "0", title: t("source") },
    { key: "1", title: t("partner") },
    ...PERIODS.month.filter(({ at }) => rows.some((row) => row[2].some(([place]) => place === at))).map(month),
    { title: t("last_night"), show: (row) => (row[3].length ? el("span", { class: "missing" }, unmet(row)) : t("as_usual")), raw: unmet },
  ];
  return el("div", {}, savedTable(t("source_nights_table"), columns, rows));
}

function incomplete(choice) {
  const { grain, at } = choice.period;
  const inside = new Set(within(choice.period, "month").map((one) => one.at));
  const rows = seenInPart("month")
    .filter(
      (one) =>
        one.boundary === choice.boundary &&
        one.channel === choice.channel &&
        (grain === "month" ? one.at === at : inside.has(one.at)),
    )
    .map(({ unit, other, at: month, part, missing }) => ({
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
      ? savedTable(caption, columns, rows)
      : isWhole(choice.period)
        ? el("p", {}, t("nothing_incomplete", { period: choice.period.label }))
        : null,
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
  const counts = hiddenRows(choice);
  const total = counts.reduce((sum, row) => sum + row.cells, 0);
  if (!total) return null;
  const rows = counts.map(({ reason, cells }) => ({ reason: reason === null ? t("shown") : reasonName(reason), cells, share: cells / total }));
  const caption = t("hidden_counts", { period: choice.period.label });
  const columns = [
    { key: "reason", title: t("shown_or_why") },
    { key: "cells", title: t("numbers"), number: true },
    { key: "share", title: t("share"), number: true, unit: "ratio" },
  ];
  return el("div", {}, savedTable(caption, columns, rows));
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
  return el("div", {}, el("h3", {}, t("hidden_lines_short")), behind(caption, columns, rows, { open: rows.length <= 12 }));
}

/** What protection costs: how much of the numbers and of the interaction on lines is hidden, over all periods. */
function hiddenPrice(choice) {
  const { grain } = choice.period;
  const rows = CONTENT.price
    .filter((row) => row[0] === grain && row[1] === CONTENT.boundaries[choice.boundary])
    .map(([, , reason, cells, weight]) => ({ reason: reason ? reasonName(reason) : t("shown"), cells, weight }));
  if (!rows.length) return null;
  const caption = t("hidden_price", { grain: t(`grain_${grain}`) });
  const columns = [
    { key: "reason", title: t("shown_or_why") },
    { key: "cells", title: t("part_of_numbers"), number: true, unit: "ratio" },
    { key: "weight", title: t("part_of_weight"), number: true, unit: "ratio" },
  ];
  return el("div", {}, el("h3", {}, t("hidden_price_short")), savedTable(caption, columns, rows));
}
