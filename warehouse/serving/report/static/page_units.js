// The pages of units and lines.
function unitsPage(choice) {
  const { grain, at } = choice.period;
  const volume = METRIC["interaction_volume.weight"];
  const rows = unitsOf(choice.boundary).map((unit) => {
    const step = series(grain, choice, "interaction_volume.weight", unit.at)?.[at];
    const share = series(grain, choice, "cross_boundary_share.share", unit.at)?.[at];
    return {
      at: unit.at,
      name: unitName(unit.at),
      weight: step?.value ?? null,
      share: share?.value ?? null,
      note: step ? stepNote(step) : t("no_row"),
    };
  });
  const told = edges(choice, choice.period.grain === "month" ? "month" : "quarter", at)
    .map((edge) => {
      const line = lines("month", choice).find((one) => one.unit === edge.unit && one.other === edge.other);
      const state = line ? standing(line, choice.period)?.state : null;
      return state && !edge.hidden ? { ...edge, state } : edge;
    })
    .sort((a, b) => (b.weight ?? -1) - (a.weight ?? -1));
  const columns = [
    { key: "name", title: t("unit"), show: (row) => link(row.name, unitHash(row.at)) },
    { key: "weight", title: t("weight"), number: true, unit: volume?.unit },
    { key: "share", title: t("share_outside"), number: true, unit: "ratio" },
    { key: "note", title: t("note") },
  ];
  const unitCaption = t("units_in", { period: choice.period.label });
  const lineCaption = t("lines_in", { period: choice.period.label });
  return [
    el("h1", { tabindex: "-1" }, t("units_and_lines")),
    el("p", { class: "lead" }, t("units_why")),
    notices(choice),
    section(
      "units",
      boundaryPlural(choice),
      savedTable(unitCaption, columns, rows),
    ),
    section(
      "lines",
      t("lines"),
      stateLegend(),
      savedTable(lineCaption, EDGE_COLUMNS(), told),
    ),
  ];
}

function unitPage(choice, name) {
  const unit = UNITS.find((one) => one.boundary === choice.boundary && one.name === name);
  if (!unit) return missingPage(name);
  const at = unit.at;
  const mine = edges(choice, choice.period.grain, choice.period.at)
    .filter((edge) => edge.unit === at || edge.other === at)
    .map((edge) => {
      const line = lines("month", choice).find((one) => one.unit === edge.unit && one.other === edge.other);
      const state = line ? standing(line, choice.period)?.state : null;
      const other = edge.unit === at ? edge.other : edge.unit;
      return { ...edge, state: state && !edge.hidden ? state : edge.state, name: unitName(other) };
    })
    .sort((a, b) => (b.weight ?? -1) - (a.weight ?? -1));
  const columns = [{ ...EDGE_COLUMNS()[0], title: t("line_with") }, ...EDGE_COLUMNS().slice(1)];
  const caption = t("lines_of", { unit: unitName(at), period: choice.period.label });
  return [
    el("nav", { class: "crumbs", "aria-label": t("crumbs") }, link(t("units_and_lines"), pageHash("units"))),
    el("h1", { tabindex: "-1" }, unitName(at)),
    el(
      "p",
      { class: "lead" },
      t("unit_lead", {
        boundary: boundaryName(CONTENT.boundaries[choice.boundary]),
        period: choice.period.label,
      }),
    ),
    notices(choice),
    facts([
      fact(choice, "interaction_volume.weight", at),
      fact(choice, "interaction_volume.people", at),
      fact(choice, "cross_boundary_share.share", at, EVERY, t("share_outside")),
      [t("lines"), integers.format(mine.filter((edge) => edge.hidden || edge.weight > 0).length)],
      fact(choice, "connector_dependence.loss_1", at, EVERY, t("loss_short")),
    ]),
    section(
      "its-lines",
      t("its_lines"),
      stateLegend(),
      savedTable(caption, columns, mine),
    ),
    section("its-trends", t("trends"), trendLegend(), charts([
      "interaction_volume.weight", "interaction_volume.people", "cross_boundary_share.share", "spanners.share",
      "initiators.effective", "connector_dependence.loss_1", "convening.events", "tie_turnover.retention",
      "silo.homophily", "net_flow.net", "cross_boundary_share.unknown_share",
    ].map((id) => trendFigure(choice, id, at)))),
    rest(choice, at, EVERY),
  ];
}

function linePage(choice, one, other) {
  const [a, b] = [one, other].map((name) =>
    UNITS.find((unit) => unit.boundary === choice.boundary && unit.name === name),
  );
  if (!a || !b) return missingPage(`${one} – ${other}`);
  const line = lines("month", choice).find(
    (two) => (two.unit === a.at && two.other === b.at) || (two.unit === b.at && two.other === a.at),
  );
  const now = line && standing(line, choice.period);
  const isTurned = METRIC["flow.weight"] && table(choice.grain, choice, METRIC["flow.weight"].at).has(`${b.at}/${a.at}`);
  const [first, second] = isTurned ? [b.at, a.at] : [a.at, b.at];
  const flow = series(choice.period.grain, choice, "flow.weight", first, second)?.[choice.period.at];
  const people = [flow?.people, flow?.otherPeople].map((n) => (n ? integers.format(n) : null));
  if (isTurned) people.reverse();
  const says =
    flow?.status === "hidden" || now?.state === "hidden"
      ? t("line_hidden", { reason: reasonName(flow?.reason ?? CONTENT.reasons[0] ?? "") })
      : now
        ? t("line_is", {
            period: PERIODS.month[now.at].label,
            state: t(`state_${now.state}`),
            means: t(`state_${now.state}_means`),
          })
        : t("line_no_state");
  const pair = (id, x, y, title) => trendFigure(choice, id, x, y, { title });
  return [
    el(
      "nav",
      { class: "crumbs", "aria-label": t("crumbs") },
      link(t("units_and_lines"), pageHash("units")),
      " · ",
      link(unitName(a.at), unitHash(a.at)),
      " · ",
      link(unitName(b.at), unitHash(b.at)),
    ),
    el("h1", { tabindex: "-1" }, lineName(a.at, b.at)),
    el(
      "p",
      { class: "lead" },
      says,
      now?.last ? ` ${t("last_seen_sentence", { day: showDay(now.last) })}` : "",
    ),
    notices(choice),
    facts([
      fact(choice, "flow.weight", first, second),
      people[0] && [t("people_on_both_sides"), t("people_and", { one: people[0], other: people[1] })],
      fact(choice, "line_dependence.top", first, second),
      fact(choice, "threads.threads", first, second, t("breaks_when")),
      fact(choice, "regularity.active_weeks", first, second),
    ]),
    line ? section("history", t("history"), history(line, lineName(a.at, b.at))) : null,
    section("line-trends", t("trends"), trendLegend(), charts(
      [
        "flow.weight", "flow.hours", "line_dependence.top", "threads.threads", "regularity.active_weeks", "joint_initiatives.alive",
        "joint_initiatives.started", "introductions.converted", "tie_turnover.retention", "reciprocity.weighted",
      ].map((id) => pair(id, first, second)),
      [[a.at, b.at], [b.at, a.at]].map(([x, y]) => pair("response.rate", x, y, t("response_of", { one: unitName(x), other: unitName(y) }))))),
    rest(choice, first, second),
  ];
}

/** The line's states through time: months of the same state together, each as wide as it lasted. */
function history(line, name) {
  const spells = [];
  for (const month of PERIODS.month) {
    const state = line.states[month.at];
    const last = spells[spells.length - 1];
    if (!state) continue;
    if (last?.state === state) Object.assign(last, { to: month, months: last.months + 1 });
    else spells.push({ state, from: month, to: month, months: 1 });
  }
  return el("ol", { class: "history", "aria-label": t("history_of", { name }) }, spells.map(({ state, from, to, months }) =>
    el("li", { style: `border-color:${LOOK[state].colour};flex-grow:${months}` },
      el("span", { class: "month" }, from === to ? from.short : `${from.short} – ${to.short}`),
      el("span", {}, stateMark(state)))));
}
