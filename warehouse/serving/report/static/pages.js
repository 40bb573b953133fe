// The pages of the report. Each is a function of the choice (period, boundary, channel) and its own words.
function pageHash(...parts) {
  const { period, boundary, channel } = current;
  const query = new URLSearchParams({ p: period.name, b: CONTENT.boundaries[boundary], c: CONTENT.channels[channel] });
  return `#/${parts.map(encodeURIComponent).join("/")}?${query}`;
}

function unitHash(unit) {
  return pageHash("unit", UNITS[unit].name);
}

function lineHash(one, other) {
  return pageHash("line", UNITS[one].name, UNITS[other].name);
}

function overview(choice) {
  const { publication } = CONTENT;
  return [
    el("header", { class: "opening" }, el("p", { class: "kicker" }, t("report")), el("h1", { tabindex: "-1" }, publication.network),
      el("p", { class: "lead" }, t("lead", { period: choice.period.label, boundary: boundaryName(CONTENT.boundaries[choice.boundary]), channel: channelName(CONTENT.channels[choice.channel]) })),
      notices(choice)),
    section("answers", t("answers"), el("div", { class: "answers" }, quietAnswer(choice), fragileAnswer(choice), leadershipAnswer(choice), introductionAnswer(choice))),
    section("attention", t("attention"), el("p", {}, t("attention_why")), signalList(choice)),
    section("map", t("network"), el("p", {}, t("network_why")), network(choice)),
    section("trends", t("trends"), trendLegend(), el("div", { class: "charts" },
      ["cross_boundary_share.share", "interaction_volume.weight", "boundary_coverage.coverage", "tie_turnover.retention"].map((id) => trendFigure(choice, id)))),
  ];
}

/** What to know before reading: a period that is not over, a source that is missing, nothing published. */
function notices(choice) {
  const told = [];
  const { period } = choice;
  if (!isWhole(period)) told.push(t("notice_not_whole", { period: period.label, part: shares.format(period.part) }));
  const gone = new Map();
  for (const month of within(period, "month")) {
    for (const [source, partner, steps] of CONTENT.delivery.month) {
      if (steps.some(([at, , missing]) => at === month.at && missing)) gone.set(`${partner}/${month.label}`, t("notice_missing", { partner, period: month.label }));
    }
  }
  told.push(...gone.values());
  return told.length ? el("ul", { class: "notices" }, told.map((text) => el("li", {}, text)), gone.size ? el("li", {}, link(t("notice_see"), pageHash("data"))) : null) : null;
}

function networkPage(choice) {
  return [
    el("h1", { tabindex: "-1" }, t("network")), el("p", { class: "lead" }, t("network_why")), notices(choice),
    section("map", t("map"), network(choice)),
    section("matrix", t("matrix"), el("p", {}, t("matrix_why")), matrix(choice)),
  ];
}

function unitsPage(choice) {
  const { grain, at } = choice.period;
  const volume = METRIC["interaction_volume.weight"];
  const rows = unitsOf(choice.boundary).map((unit) => {
    const step = series(grain, choice, "interaction_volume.weight", unit.at)?.[at];
    const share = series(grain, choice, "cross_boundary_share.share", unit.at)?.[at];
    return { at: unit.at, name: unitName(unit.at), weight: step?.value ?? null, share: share?.value ?? null, note: step ? stepNote(step) : t("no_row") };
  });
  const told = edges(choice, choice.period.grain === "month" ? "month" : "quarter", at).map((edge) => {
    const line = lines("month", choice).find((one) => one.unit === edge.unit && one.other === edge.other);
    const state = line ? standing(line, choice.period)?.state : null;
    return state && !edge.hidden ? { ...edge, state } : edge;
  }).sort((a, b) => (b.weight ?? -1) - (a.weight ?? -1));
  const columns = [
    { key: "name", title: t("unit"), show: (row) => link(row.name, unitHash(row.at)) }, { key: "weight", title: t("weight"), number: true, unit: volume?.unit },
    { key: "share", title: t("share_outside"), number: true, unit: "ratio" }, { key: "note", title: t("note") },
  ];
  const unitCaption = t("units_in", { period: choice.period.label });
  const lineCaption = t("lines_in", { period: choice.period.label });
  return [
    el("h1", { tabindex: "-1" }, t("units_and_lines")), el("p", { class: "lead" }, t("units_why")), notices(choice),
    section("units", boundaryPlural(choice), dataTable(unitCaption, columns, rows), saver(unitCaption, columns, rows)),
    section("lines", t("lines"), stateLegend(), dataTable(lineCaption, EDGE_COLUMNS(), told), saver(lineCaption, EDGE_COLUMNS(), told)),
  ];
}

function saver(caption, columns, rows) {
  return el("div", { class: "beneath" }, el("button", { type: "button", class: "save", "aria-label": t("download_of", { what: caption }), onclick: () => download(fileName(caption), csv(columns, rows)) }, t("download")));
}

function boundaryPlural(choice) {
  const name = CONTENT.boundaries[choice.boundary];
  return tOr(`boundary_${name}_plural`, name);
}

function unitPage(choice, name) {
  const unit = UNITS.find((one) => one.boundary === choice.boundary && one.name === name);
  if (!unit) return missingPage(name);
  const at = unit.at;
  const mine = edges(choice, choice.period.grain, choice.period.at).filter((edge) => edge.unit === at || edge.other === at).map((edge) => {
    const line = lines("month", choice).find((one) => one.unit === edge.unit && one.other === edge.other);
    const state = line ? standing(line, choice.period)?.state : null;
    const other = edge.unit === at ? edge.other : edge.unit;
    return { ...edge, state: state && !edge.hidden ? state : edge.state, name: unitName(other) };
  }).sort((a, b) => (b.weight ?? -1) - (a.weight ?? -1));
  const columns = [{ ...EDGE_COLUMNS()[0], title: t("line_with") }, ...EDGE_COLUMNS().slice(1)];
  const caption = t("lines_of", { unit: unitName(at), period: choice.period.label });
  return [
    el("nav", { class: "crumbs", "aria-label": t("crumbs") }, link(t("units_and_lines"), pageHash("units"))),
    el("h1", { tabindex: "-1" }, unitName(at)), el("p", { class: "lead" }, t("unit_lead", { boundary: boundaryName(CONTENT.boundaries[choice.boundary]), period: choice.period.label })), notices(choice),
    section("its-lines", t("its_lines"), stateLegend(), dataTable(caption, columns, mine), saver(caption, columns, mine)),
    section("its-trends", t("trends"), trendLegend(), el("div", { class: "charts" }, [
      "interaction_volume.weight", "interaction_volume.people", "cross_boundary_share.share", "spanners.share", "initiators.effective",
      "connector_dependence.loss_1", "convening.events", "tie_turnover.retention", "silo.homophily", "net_flow.net",
    ].map((id) => trendFigure(choice, id, at)))),
    rest(choice, at, EVERY),
  ];
}

function linePage(choice, one, other) {
  const [a, b] = [one, other].map((name) => UNITS.find((unit) => unit.boundary === choice.boundary && unit.name === name));
  if (!a || !b) return missingPage(`${one} – ${other}`);
  const line = lines("month", choice).find((two) => (two.unit === a.at && two.other === b.at) || (two.unit === b.at && two.other === a.at));
  const now = line && standing(line, choice.period);
  const flow = lineSeries(choice.period.grain, choice, "flow.weight", a.at, b.at)?.[choice.period.at];
  const says = flow?.status === "hidden" || now?.state === "hidden" ? t("line_hidden", { reason: reasonName(flow?.reason ?? CONTENT.reasons[0] ?? "") })
    : now ? t("line_is", { period: PERIODS.month[now.at].label, state: t(`state_${now.state}`).toLowerCase(), means: t(`state_${now.state}_means`) }) : t("line_no_state");
  const [first, second] = METRIC["flow.weight"] && table(choice.grain, choice, METRIC["flow.weight"].at).has(`${b.at}/${a.at}`) ? [b.at, a.at] : [a.at, b.at];
  const pair = (id, x, y, title) => trendFigure(choice, id, x, y, { title });
  return [
    el("nav", { class: "crumbs", "aria-label": t("crumbs") }, link(t("units_and_lines"), pageHash("units")), " · ", link(unitName(a.at), unitHash(a.at)), " · ", link(unitName(b.at), unitHash(b.at))),
    el("h1", { tabindex: "-1" }, lineName(a.at, b.at)), el("p", { class: "lead" }, says, now?.last ? ` ${t("last_seen_sentence", { day: showDay(now.last) })}` : ""), notices(choice),
    line ? section("history", t("history"), history(line, lineName(a.at, b.at))) : null,
    section("line-trends", t("trends"), trendLegend(), el("div", { class: "charts" },
      ["flow.weight", "flow.hours", "threads.threads", "regularity.active_weeks", "joint_initiatives.alive", "joint_initiatives.started", "introductions.converted", "tie_turnover.retention", "reciprocity.weighted"].map((id) => pair(id, first, second)),
      pair("response.rate", a.at, b.at, t("response_of", { one: unitName(a.at), other: unitName(b.at) })), pair("response.rate", b.at, a.at, t("response_of", { one: unitName(b.at), other: unitName(a.at) })))),
    rest(choice, first, second),
  ];
}

/** The line's states, month by month, as signs with words. */
function history(line, name) {
  const told = PERIODS.month.map((month) => ({ month, state: line.states[month.at] })).filter((one) => one.state);
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("history_of", { name }) },
    el("ol", { class: "history" }, told.map(({ month, state }) => el("li", { style: `border-color:${LOOK[state].colour}` },
      el("span", { class: "month" }, month.short), el("span", { class: "sign", "aria-hidden": "true", style: `color:${LOOK[state].colour}` }, LOOK[state].sign || "–"), el("span", { class: "state" }, t(`state_${state}`))))));
}

/** Every measure of a unit or a line in the chosen period; with what is hidden. */
function rest(choice, unit, other) {
  const { grain, at } = choice.period;
  const rows = METRICS.map((metric) => ({ metric, steps: series(grain, choice, metric.id, unit, other) })).filter((one) => one.steps && one.steps[at].status !== "absent").map(({ metric, steps }) => ({
    title: metric.title, metric, value: steps[at].value, median: steps[at].median ?? null, note: stepNote(steps[at]),
  }));
  if (!rows.length) return null;
  const caption = t("all_measures_in", { name: other === EVERY ? unitName(unit) : lineName(unit, other), period: choice.period.label });
  const columns = [
    { key: "title", title: t("measure"), show: (row) => metricTerm(row.metric) },
    { key: "value", title: t("value"), number: true, show: (row) => showNumber(row.value, row.metric.unit), raw: (row) => row.value },
    { key: "unit", title: t("counted_in"), show: (row) => tOr(`unit_${row.metric.unit}`, row.metric.unit), raw: (row) => row.metric.unit },
    { key: "median", title: t("median"), number: true, show: (row) => showNumber(row.median, row.metric.unit), raw: (row) => row.median },
    { key: "note", title: t("note") },
  ];
  return section("all", t("all_measures"), behind(caption, columns, rows));
}

function leadershipPage(choice) {
  const group = (id, key, ...metrics) => section(id, t(key), el("p", {}, t(`${key}_why`)), el("div", { class: "charts" }, metrics.map((metric) => trendFigure(choice, metric))));
  const { grain, at } = choice.period;
  const columns = [
    { key: "name", title: t("unit"), show: (row) => link(row.name, unitHash(row.at)) },
    { key: "effective", title: t("initiators_short"), number: true }, { key: "events", title: t("convened_short"), number: true },
    { key: "conveners", title: t("conveners_short"), number: true }, { key: "loss", title: t("loss_short"), number: true, unit: "ratio" }, { key: "note", title: t("note") },
  ];
  const value = (id, unit) => series(grain, choice, id, unit)?.[at];
  const rows = unitsOf(choice.boundary).filter((unit) => unit.name !== CONTENT.unknown).map((unit) => {
    const steps = { effective: value("initiators.effective", unit.at), events: value("convening.events", unit.at), conveners: value("convening.conveners", unit.at), loss: value("connector_dependence.loss_1", unit.at) };
    const hidden = Object.values(steps).find((step) => step?.status === "hidden");
    return { at: unit.at, name: unitName(unit.at), ...Object.fromEntries(Object.entries(steps).map(([key, step]) => [key, step?.value ?? null])), note: hidden ? t("partly_hidden", { reason: reasonName(hidden.reason) }) : "" };
  });
  const caption = t("leadership_table", { period: choice.period.label });
  return [
    el("h1", { tabindex: "-1" }, t("leadership")), el("p", { class: "lead" }, t("leadership_why")), notices(choice),
    el("div", { class: "answers" }, leadershipAnswer(choice), introductionAnswer(choice)),
    trendLegend(),
    group("initiating", "initiating", "initiators.effective", "initiators.top_share"),
    group("convening", "convening", "convening.events", "convening.conveners", "convening.units"),
    group("introducing", "introducing", "introductions.introductions", "introductions.converted", "introductions.rate"),
    group("joint", "joint", "joint_initiatives.started", "joint_initiatives.alive", "joint_initiatives.survival", "participation_balance.balance"),
    group("depending", "depending", "connector_dependence.loss_1", "connector_dependence.loss_share", "spanners.share"),
    section("per-unit", t("per_unit"), dataTable(caption, columns, rows), saver(caption, columns, rows)),
  ];
}

function measuresPage(choice, id) {
  const metric = METRIC[id] ?? METRICS[0];
  const pick = el("select", { id: "measure", onchange: (event) => { location.hash = pageHash("measures", event.target.value); } },
    METRICS.map((one) => el("option", { value: one.id, selected: one === metric }, one.title)));
  const grain = choice.period.grain;
  const at = choice.period.at;
  const rows = metric ? allSeries(grain, choice, metric.id).filter(({ steps }) => steps[at].status !== "absent").map(({ unit, other, steps }) => ({
    unit, other, one: unit === EVERY ? t("whole_network") : unitName(unit), two: other === EVERY ? "" : unitName(other), value: steps[at].value, median: steps[at].median ?? null, note: stepNote(steps[at]),
  })).sort((a, b) => (a.unit === EVERY ? -1 : b.unit === EVERY ? 1 : 0) || (b.value ?? -Infinity) - (a.value ?? -Infinity)) : [];
  const columns = [
    { key: "one", title: t("unit"), show: (row) => (row.unit === EVERY ? row.one : link(row.one, unitHash(row.unit))) },
    { key: "two", title: t("other_unit"), show: (row) => (row.other === EVERY ? "" : row.unit === row.other ? row.two : link(row.two, lineHash(row.unit, row.other))) },
    { key: "value", title: t("value"), number: true, unit: metric?.unit }, { key: "median", title: t("median"), number: true, unit: metric?.unit }, { key: "note", title: t("note") },
  ];
  const caption = metric ? `${metric.title}, ${choice.period.label}` : "";
  return [
    el("h1", { tabindex: "-1" }, t("all_measures")), el("p", { class: "lead" }, t("measures_why")), notices(choice),
    el("p", { class: "field" }, el("label", { for: "measure" }, t("measure")), pick),
    metric ? section("definition", metric.title, el("p", {}, metric.definition, " ", t(`direction_${["up", "down"].includes(metric.direction) ? metric.direction : "context"}`)),
      trendLegend(), trendFigure(choice, metric.id) ?? el("p", {}, t("no_network_series")), el("h3", {}, t("every_unit_and_line")), dataTable(caption, columns, rows), saver(caption, columns, rows)) : null,
  ];
}

function dataPage(choice) {
  const { publication } = CONTENT;
  return [
    el("h1", { tabindex: "-1" }, t("data")), el("p", { class: "lead" }, t("data_why")),
    section("delivered", t("delivered"), el("p", {}, t("delivered_why")), deliveries()),
    section("incomplete", t("incomplete"), el("p", {}, t("incomplete_why")), incomplete(choice)),
    section("hidden", t("hidden"), el("p", {}, t("hidden_why", { k: String(publication.k), dominance: shares.format(publication.dominance) })), hiddenCounts(choice), hiddenList(choice)),
  ];
}

function deliveries() {
  const rows = CONTENT.delivery.month;
  if (!rows.length) return el("p", {}, t("no_deliveries"));
  const months = PERIODS.month;
  const columns = [
    { key: "source", title: t("source"), show: (row) => row[0], raw: (row) => row[0] }, { key: "partner", title: t("partner"), show: (row) => row[1], raw: (row) => row[1] },
    ...months.map((month) => {
      const at = (row) => row[2].find(([place]) => place === month.at);
      return { title: month.short, number: true, show: (row) => { const told = at(row); return told ? el("span", { class: told[2] ? "missing" : null }, told[2] ? t("missing") : told[1] === null ? "–" : shares.format(told[1])) : ""; }, raw: (row) => at(row)?.[1] ?? null };
    }),
  ];
  const caption = t("deliveries");
  return el("div", {}, dataTable(caption, columns, rows), saver(caption, columns, rows));
}

function incomplete(choice) {
  const { grain, at } = choice.period;
  const inside = new Set(within(choice.period, "month").map((one) => one.at));
  const rows = CONTENT.part.month.filter(([b, c, , , month]) => b === choice.boundary && c === choice.channel && (grain === "month" ? month === at : inside.has(month))).map(([, , unit, other, month, part, missing]) => ({
    name: other === EVERY ? unitName(unit) : lineName(unit, other), period: PERIODS.month[month].label, part, missing,
  }));
  const unfinished = [...PERIODS.quarter, ...PERIODS.month].filter((period) => !isWhole(period)).map((period) => t("period_part", { period: period.label, part: shares.format(period.part) }));
  const caption = t("incomplete_in", { period: choice.period.label });
  const columns = [{ key: "name", title: t("unit_or_line") }, { key: "period", title: t("period") }, { key: "part", title: t("part_seen"), number: true, unit: "ratio" }, { key: "missing", title: t("missing_sources"), number: true }];
  return el("div", {}, rows.length ? [dataTable(caption, columns, rows), saver(caption, columns, rows)] : el("p", {}, t("nothing_incomplete", { period: choice.period.label })),
    unfinished.length ? [el("h3", {}, t("unfinished")), el("ul", {}, unfinished.map((text) => el("li", {}, text)))] : null);
}

function hiddenCounts(choice) {
  const counts = CONTENT.hidden.filter(([grain, b, c, at]) => grain === choice.period.grain && b === choice.boundary && c === choice.channel && at === choice.period.at);
  const total = counts.reduce((sum, row) => sum + row[5], 0);
  if (!total) return null;
  const rows = counts.map(([, , , , reason, cells]) => ({ reason: reason < 0 ? t("shown") : reasonName(CONTENT.reasons[reason]), cells, share: cells / total }));
  const caption = t("hidden_counts", { period: choice.period.label });
  const columns = [{ key: "reason", title: t("shown_or_why") }, { key: "cells", title: t("numbers"), number: true }, { key: "share", title: t("share"), number: true, unit: "ratio" }];
  return el("div", {}, dataTable(caption, columns, rows), saver(caption, columns, rows));
}

function hiddenList(choice) {
  const untold = hiddenLines(choice);
  if (!untold.length) return el("p", {}, t("no_hidden_lines", { period: choice.period.label }));
  const caption = t("hidden_lines", { period: choice.period.label });
  const columns = [{ key: "name", title: t("line"), show: (row) => link(row.name, lineHash(row.unit, row.other)) }, { key: "why", title: t("why") }];
  const rows = untold.map((line) => ({ ...line, name: lineName(line.unit, line.other), why: reasonName(line.reason) }));
  return behind(caption, columns, rows);
}

function aboutPage() {
  const { publication } = CONTENT;
  const cite = t("citation", { network: publication.network, version: publication.tieline_version, day: showDay(publication.published_at.slice(0, 10)), run: publication.run_id, first: showDay(publication.data_first_day), last: showDay(publication.data_last_day) });
  const families = new Map();
  for (const metric of METRICS) {
    families.set(metric.family, [...(families.get(metric.family) ?? []), metric]);
  }
  return [
    el("h1", { tabindex: "-1" }, t("about")), el("p", { class: "lead" }, t("about_lead")),
    section("reading", t("reading"), ["reading_line", "reading_weight", "reading_unit", "reading_hidden", "reading_median", "reading_direction"].map((key) => el("p", {}, t(key)))),
    section("states", t("states"), el("dl", {}, NAMES.map((name) => [el("dt", {}, t(`state_${name}`)), el("dd", {}, t(`state_${name}_means`))]))),
    section("cite", t("cite"), el("blockquote", { id: "citation" }, cite)),
    section("definitions", t("definitions"), el("dl", {}, [...families].map(([name, metrics]) => [
      el("dt", {}, name), el("dd", {}, el("p", {}, metrics[0].definition), el("ul", {}, metrics.map((metric) => el("li", {}, metric.measure, ` (${tOr(`unit_${metric.unit}`, metric.unit)})`))),
        metrics[0].parameters ? el("p", { class: "note" }, t("parameters", { parameters: metrics[0].parameters })) : null, metrics[0].reference ? el("p", { class: "note" }, t("reference", { reference: metrics[0].reference })) : null),
    ]))),
    section("made", t("made"), el("ul", {},
      el("li", {}, t("made_from", { run: publication.run_id, day: showDay(publication.published_at.slice(0, 10)) })), el("li", {}, t("made_period", { first: showDay(publication.data_first_day), last: showDay(publication.data_last_day), zone: publication.time_zone })),
      el("li", {}, t("made_rules", { k: String(publication.k), dominance: shares.format(publication.dominance) })), el("li", {}, t("made_offline")))),
  ];
}

function missingPage(name) {
  return [el("h1", { tabindex: "-1" }, t("not_here")), el("p", { class: "lead" }, t("not_here_why", { name })), el("p", {}, link(t("units_and_lines"), pageHash("units")))];
}
