// The four questions that a network manager comes with, answered from the published numbers.
const HANGS = 0.5; // of a line's interaction, and twice an equal part: as the signal line_one_person has it
const HANGS_ON_FEW = ["few people", "one person carries most"]; // and not to protect another number
const STILL = ["quiet", "lost", "closed"];

function lineLink(one, other) {
  return link(shortLine(one, other), lineHash(one, other));
}

/** A unit of its own: not all of them together, nor the people whom no directory knows. */
function isReal(unit) {
  return unit !== EVERY && UNITS[unit].name !== CONTENT.unknown;
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
  const untold = hiddenLines(choice).filter((line) => HANGS_ON_FEW.includes(line.reason)).length;
  return answer(
    "answer-quiet",
    t("quiet_question"),
    conclusion,
    items,
    untold ? t("untold_lines", { n: String(untold) }) : "",
    pageHash("network"),
  );
}

/** Lines with the part that their busiest person takes part in, largest first: {unit, other, part, even, hangs}. */
function dependence(choice) {
  const { grain, at } = choice.period;
  return allSeries(grain, choice, "line_dependence.top")
    .filter(({ unit, other, steps }) => unit !== EVERY && other !== EVERY && steps[at].value !== null)
    .map(({ unit, other, steps }) => ({ unit, other, part: steps[at].value, even: steps[at].expected, note: stepNote(steps[at]) }))
    .map((line) => ({ ...line, hangs: line.part >= HANGS && line.part >= 2 * line.even }))
    .sort((a, b) => b.hangs - a.hangs || b.part - a.part);
}

/** Which line hangs on one person? Also those that are hidden because one person carries most of them. */
function fragileAnswer(choice) {
  const { grain, at } = choice.period;
  const carried = hiddenLines(choice).filter((line) => line.reason === "one person carries most");
  const known = dependence(choice);
  const hanging = known.filter((line) => line.hangs);
  const thin = allSeries(grain, choice, "threads.threads")
    .filter(({ unit, other, steps }) => unit !== other && isReal(unit) && isReal(other) && steps[at].value !== null)
    .sort((a, b) => a.steps[at].value - b.steps[at].value)[0];
  const part = (line) => [lineLink(line.unit, line.other), ` – ${t("takes_part", { share: shares.format(line.part), even: shares.format(line.even) })}`];
  const more = (n) => t("and_more", { n: String(n) });
  const items = [
    ...few(carried.map((line) => [el("strong", {}, t("one_carries")), " ", lineLink(line.unit, line.other)]), 4, more),
    ...few(hanging.map((line) => [el("strong", {}, t("hangs_on_one")), " ", part(line)]), 4, more),
    ...known.filter((line) => !line.hangs).slice(0, hanging.length ? 1 : 2).map((line) => [el("strong", {}, t("nearest_to_one")), " ", part(line)]),
    thin && [el("strong", {}, t("thinnest")), " ", lineLink(thin.unit, thin.other), ` – ${t("threads_are", { n: showNumber(thin.steps[at].value) })}`],
  ].filter(Boolean);
  const n = carried.length + hanging.length;
  const first = [...hanging, ...carried][0];
  const conclusion = n === 1 ? t("fragile_one", { line: shortLine(first.unit, first.other), period: choice.period.label })
    : n ? t("fragile_some", { n: String(n), period: choice.period.label })
      : known.length ? t("fragile_none", { period: choice.period.label }) : t("fragile_unknown");
  const untold = hiddenLines(choice).filter((line) => line.reason === "few people").length;
  return answer("answer-fragile", t("fragile_question"), conclusion, items,
    untold ? t("fragile_untold", { n: String(untold) }) : "", pageHash("leadership", "depending"));
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
      pageHash("leadership", "initiating"),
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
  const direction = (CONTENT.directions[`${choice.boundary}/${choice.channel}`] ?? [])
    .filter(([first]) => first >= choice.period.first && first <= choice.period.last)
    .pop();
  if (direction)
    items.push(
      t(`direction_${direction[3]}`, { n: String(direction[2]), grain: t(`grain_${direction[1]}s`) }),
    );
  const top = series(grain, choice, "initiators.top_share")?.[at];
  if (top?.value !== null && top?.value !== undefined)
    items.push(
      t("top_share_is", {
        share: new Intl.NumberFormat(READERS, { style: "percent", maximumFractionDigits: 1 }).format(
          top.value,
        ),
      }),
    );
  const convening = series(grain, choice, "convening.conveners")?.[at];
  if (convening?.value) items.push(t("conveners_are", { n: integers.format(convening.value) }));
  return answer(
    "answer-leadership",
    t("leadership_question"),
    t(`leadership_${way}`),
    items,
    step.whole ? "" : t("says_not_whole"),
    pageHash("leadership", "initiating"),
  );
}

/** Lines with introductions that took root up to the period, and the joint initiatives begun since. */
function rootedLines(choice) {
  const upto = PERIODS.quarter.filter((one) => one.first <= choice.period.last);
  return allSeries("quarter", choice, "introductions.converted")
    .filter(({ unit, other }) => unit !== EVERY && other !== EVERY)
    .map(({ unit, other, steps }) => ({ unit, other, shown: upto.map((period) => steps[period.at]).filter((step) => step.value) }))
    .filter(({ shown }) => shown.length)
    .map(({ unit, other, shown }) => {
      // By months: a quarter is hidden as soon as one of its months is.
      const started = (lineSeries("month", choice, "joint_initiatives.started", unit, other) ?? [])
        .filter((step) => step.period.first >= shown[0].period.first && step.period.first <= choice.period.last);
      const sum = (steps) => steps.reduce((total, step) => total + (step.value ?? 0), 0);
      return { unit, other, since: shown[0].period.label, introductions: sum(shown), started: sum(started) };
    })
    .sort((a, b) => b.started - a.started || b.introductions - a.introductions);
}

/** Which initiative grew from an introduction? On which line: no name of a meeting or of work is kept. */
function introductionAnswer(choice) {
  const rooted = rootedLines(choice);
  const grown = rooted.filter((one) => one.started > 0);
  const says = (one) => t(one.started ? "introduced_and_started" : "introduced_only",
    { introductions: showNumber(one.introductions), since: one.since, started: showNumber(one.started) });
  const items = few(rooted.map((one) => [lineLink(one.unit, one.other), ` – ${says(one)}`]), 4, (n) => t("and_more", { n: String(n) }));
  const total = (series("quarter", choice, "introductions.converted") ?? [])
    .filter((step) => step.period.first <= choice.period.last).reduce((sum, step) => sum + (step.value ?? 0), 0);
  const conclusion = grown.length === 1 ? t("introduction_one", { line: shortLine(grown[0].unit, grown[0].other), n: showNumber(grown[0].started) })
    : grown.length ? t("introduction_some", { n: String(grown.length) }) : t("introduction_none");
  return answer("answer-introduction", t("introduction_question"), conclusion, items,
    [rooted.length ? t("no_names") : "", total ? t("introductions_total", { n: showNumber(total) }) : ""].filter(Boolean).join(" "), pageHash("leadership", "introducing"));
}
