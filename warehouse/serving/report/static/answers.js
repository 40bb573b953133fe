// The four questions that a network manager comes with, answered from the published numbers.
const STILL = ["quiet", "lost", "closed"];

function lineLink(one, other) {
  return link(shortLine(one, other), lineHash(one, other));
}

function few(items, most, more) {
  return items.length <= most ? items : [...items.slice(0, most), more(items.length - most)];
}

function answer(id, question, conclusion, items, note, hash) {
  return el(
    "article",
    { class: "answer", id },
    el("h3", {}, question),
    el("p", { class: "conclusion" }, conclusion),
    items.length
      ? el(
          "ul",
          {},
          items.map((item) => el("li", {}, item)),
        )
      : null,
    note ? el("p", { class: "note" }, note) : null,
    hash ? el("p", { class: "more" }, link(t("see_more"), hash)) : null,
  );
}

function hiddenLines(choice) {
  const { grain, at } = choice.period;
  return allSeries(grain, choice, "flow.weight")
    .filter(
      ({ unit, other, steps }) =>
        unit !== other &&
        unit !== EVERY &&
        other !== EVERY &&
        UNITS[unit].name !== CONTENT.unknown &&
        UNITS[other].name !== CONTENT.unknown &&
        steps[at].status === "hidden",
    )
    .map(({ unit, other, steps }) => ({ unit, other, reason: steps[at].reason }));
}

/** Which lines went quiet? Those that turned silent in the period first, then those that were already. */
function quietAnswer(choice) {
  const told = lines("month", choice)
    .map((line) => ({ line, ...(standing(line, choice.period) ?? {}) }))
    .filter((one) => STILL.includes(one.state));
  const months = within(choice.period, "month");
  const began = (one) =>
    months.some((month) => {
      const before = month.at > 0 ? one.line.states[month.at - 1] : null;
      return STILL.includes(one.line.states[month.at]) && before && !STILL.includes(before);
    });
  const now = told.filter((one) => began(one) && one.state !== "closed");
  const earlier = told.filter((one) => !began(one) && one.state !== "closed");
  const closed = told.filter((one) => one.state === "closed" && began(one));
  const since = (one) => [
    lineLink(one.line.unit, one.line.other),
    one.last ? ` – ${t("last_seen", { day: showDay(one.last) })}` : "",
  ];
  const named = (list) => few(list.map(since), 5, (n) => t("and_more", { n: String(n) }));
  const items = [
    ...named(now).map((item) => [el("strong", {}, t("now_quiet")), " ", item]),
    ...named(earlier).map((item) => [el("strong", {}, t("still_quiet")), " ", item]),
  ];
  if (closed.length) {
    items.push([
      el("strong", {}, t("closed_lines", { n: String(closed.length) })),
      " ",
      t("closed_why"),
      " ",
      few(
        closed.map((one) => lineLink(one.line.unit, one.line.other)),
        5,
        (n) => t("and_more", { n: String(n) }),
      ).flatMap((item, n) => (n ? ["; ", item] : [item])),
    ]);
  }
  const conclusion = now.length
    ? t("quiet_some", { n: String(now.length), period: choice.period.label })
    : earlier.length
      ? t("quiet_none_but", { period: choice.period.label, n: String(earlier.length) })
      : t("quiet_none", { period: choice.period.label });
  const untold = hiddenLines(choice).length;
  return answer(
    "answer-quiet",
    t("quiet_question"),
    conclusion,
    items,
    untold ? t("untold_lines", { n: String(untold) }) : "",
    pageHash("network"),
  );
}

/** Which line hangs on few people? Fewest threads first; those that one person carries are hidden, and said so. */
function fragileAnswer(choice) {
  const { grain, at } = choice.period;
  const carried = hiddenLines(choice).filter((line) => line.reason === "one person carries most");
  const thin = allSeries(grain, choice, "threads.threads")
    .filter(
      ({ unit, other, steps }) =>
        unit !== other &&
        other !== EVERY &&
        unit !== EVERY &&
        steps[at].value !== null &&
        UNITS[unit].name !== CONTENT.unknown &&
        UNITS[other].name !== CONTENT.unknown,
    )
    .map(({ unit, other, steps }) => ({ unit, other, threads: steps[at].value }))
    .sort((a, b) => a.threads - b.threads);
  const connectors = allSeries(grain, choice, "connector_dependence.loss_1")
    .filter(
      ({ unit, steps }) => unit !== EVERY && UNITS[unit].name !== CONTENT.unknown && steps[at].value !== null,
    )
    .map(({ unit, steps }) => ({ unit, loss: steps[at].value }))
    .sort((a, b) => b.loss - a.loss);
  const items = [
    ...few(
      carried.map((line) => [el("strong", {}, t("one_carries")), " ", lineLink(line.unit, line.other)]),
      4,
      (n) => t("and_more", { n: String(n) }),
    ),
    ...thin
      .slice(0, 3)
      .map((line) => [
        lineLink(line.unit, line.other),
        ` – ${t("threads_are", { n: showNumber(line.threads) })}`,
      ]),
    ...connectors
      .slice(0, 2)
      .map((one) => [
        link(shortName(one.unit), unitHash(one.unit)),
        ` – ${t("connector_carries", { share: shares.format(one.loss) })}`,
      ]),
  ];
  const conclusion = carried.length
    ? t("fragile_one", { n: String(carried.length) })
    : thin.length
      ? t("fragile_few", { line: shortLine(thin[0].unit, thin[0].other), n: showNumber(thin[0].threads) })
      : t("fragile_unknown");
  const untold = hiddenLines(choice).length - carried.length;
  return answer(
    "answer-fragile",
    t("fragile_question"),
    conclusion,
    items,
    untold ? t("fragile_untold", { n: String(untold) }) : "",
    pageHash("leadership"),
  );
}

/** Is leadership widening or narrowing? The effective number of initiators against the last whole period. */
function leadershipAnswer(choice) {
  const { grain, at } = choice.period;
  const steps = series(grain, choice, "initiators.effective");
  const step = steps?.[at];
  if (!step || step.value === null)
    return answer(
      "answer-leadership",
      t("leadership_question"),
      t("leadership_unknown"),
      [],
      "",
      pageHash("leadership"),
    );
  const before = steps
    .slice(0, at)
    .filter((one) => one.whole && one.value !== null)
    .pop();
  const change = before ? step.value / before.value - 1 : 0;
  const way = !before ? "first" : change > 0.05 ? "wider" : change < -0.05 ? "narrower" : "same";
  const items = [
    t("initiators_are", { n: integers.format(step.value), people: step.people ? String(step.people) : "" }),
  ];
  if (before)
    items.push(t("initiators_were", { n: integers.format(before.value), period: before.period.label }));
  const top = series(grain, choice, "initiators.top_share")?.[at];
  if (top?.value !== null && top?.value !== undefined)
    items.push(
      t("top_share_is", {
        share: new Intl.NumberFormat(LANGUAGE, { style: "percent", maximumFractionDigits: 1 }).format(
          top.value,
        ),
      }),
    );
  const direction =
    CONTENT.directions[`${choice.boundary}/${choice.channel}/${METRIC["initiators.effective"].at}`];
  if (direction)
    items.push(
      t(`direction_${direction[2]}`, { n: String(direction[1]), grain: t(`grain_${direction[0]}s`) }),
    );
  const convening = series(grain, choice, "convening.conveners")?.[at];
  if (convening?.value) items.push(t("conveners_are", { n: integers.format(convening.value) }));
  return answer(
    "answer-leadership",
    t("leadership_question"),
    t(`leadership_${way}`),
    items,
    step.whole ? "" : t("says_not_whole"),
    pageHash("leadership"),
  );
}

/** Which initiative grew from an introduction? Lines with introductions that took root, and what was started on them since. */
function introductionAnswer(choice) {
  const upto = (grain) => PERIODS[grain].filter((one) => one.first <= choice.period.last);
  const rooted = [];
  for (const { unit, other, steps } of allSeries("quarter", choice, "introductions.converted")) {
    if (unit === EVERY || other === EVERY) continue;
    const shown = upto("quarter")
      .map((period) => steps[period.at])
      .filter((step) => step.value);
    if (!shown.length) continue;
    const from = shown[0].at;
    const started = (lineSeries("quarter", choice, "joint_initiatives.started", unit, other) ?? [])
      .filter((step) => step.at >= from && step.period.first <= choice.period.last && step.value)
      .reduce((sum, step) => sum + step.value, 0);
    rooted.push({
      unit,
      other,
      since: shown[0].period.label,
      introductions: shown.reduce((sum, step) => sum + step.value, 0),
      started,
    });
  }
  rooted.sort((a, b) => b.started - a.started || b.introductions - a.introductions);
  const grown = rooted.filter((one) => one.started > 0);
  const items = few(
    rooted.map((one) => [
      lineLink(one.unit, one.other),
      ` – ${t(one.started ? "introduced_and_started" : "introduced_only", { introductions: showNumber(one.introductions), since: one.since, started: showNumber(one.started) })}`,
    ]),
    4,
    (n) => t("and_more", { n: String(n) }),
  );
  const whole = series("quarter", choice, "introductions.converted") ?? [];
  const total = upto("quarter").reduce((sum, period) => sum + (whole[period.at]?.value ?? 0), 0);
  const conclusion = grown.length
    ? t("introduction_some", { line: shortLine(grown[0].unit, grown[0].other) })
    : t("introduction_none");
  return answer(
    "answer-introduction",
    t("introduction_question"),
    conclusion,
    items,
    total ? t("introductions_total", { n: showNumber(total) }) : "",
    pageHash("leadership"),
  );
}
