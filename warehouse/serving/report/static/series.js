// Numbers as series over time, and the lines with their states. Nothing here touches the page.
const STATES = {
  g: "growing",
  s: "steady",
  w: "weakening",
  q: "quiet",
  l: "lost",
  c: "closed",
  r: "revived",
  n: "new",
  e: "early",
  "-": "hidden",
};

// Series, decoded when asked for.
const found = new Map();

function table(grain, choice, metric) {
  const key = `${choice.boundary}/${choice.channel}/${metric}`;
  const name = `${grain}/${key}`;
  if (!found.has(name)) {
    const rows = CONTENT.cells[grain][key] ?? [];
    found.set(name, new Map(rows.map((row) => [`${row[0]}/${row[1]}`, row])));
  }
  return found.get(name);
}

const PARTS = {};
for (const [grain, rows] of Object.entries(CONTENT.part)) {
  PARTS[grain] = new Map(
    rows.map(([b, c, u, o, at, part, missing]) => [`${b}/${c}/${u}/${o}/${at}`, { part, missing }]),
  );
}

function partSeen(grain, choice, unit, other, at) {
  return PARTS[grain].get(`${choice.boundary}/${choice.channel}/${unit}/${other}/${at}`);
}

/** Steps of a series, one per period: {period, status, value, median, low, high, ..., whole, part}; null without any. */
function series(grain, choice, id, unit = EVERY, other = EVERY) {
  const metric = METRIC[id];
  if (!metric) return null;
  const row = table(grain, choice, metric.at).get(`${unit}/${other}`);
  return row ? decoded(grain, choice, row) : null;
}

function decoded(grain, choice, row) {
  const [unit, other, status, values, medians, lows, highs, expected, people, otherPeople] = row;
  const pick = (list, n) => (list ? list[n] : null);
  let n = 0;
  return [...CONTENT.statuses[status]].map((letter, at) => {
    const period = PERIODS[grain][at];
    const seen = partSeen(grain, choice, unit, other, at);
    const part = seen ? seen.part : 1;
    const step = {
      period,
      at,
      part,
      missing: seen ? seen.missing : 0,
      whole: isWhole(period) && part >= COMPLETE_ENOUGH,
    };
    if (letter === "s") {
      Object.assign(step, {
        status: "shown",
        value: pick(values, n),
        median: pick(medians, n),
        low: pick(lows, n),
        high: pick(highs, n),
        expected: pick(expected, n),
        people: pick(people, n),
        otherPeople: pick(otherPeople, n),
      });
      n += 1;
    } else {
      step.value = null;
      step.status = letter === "n" ? "empty" : letter === "." ? "absent" : "hidden";
      if (step.status === "hidden") step.reason = CONTENT.reasons[Number(letter)] ?? "";
    }
    return step;
  });
}

/** A line's series, whichever of its units comes first. */
function lineSeries(grain, choice, id, one, other) {
  return series(grain, choice, id, one, other) ?? series(grain, choice, id, other, one);
}

function allSeries(grain, choice, id) {
  const metric = METRIC[id];
  if (!metric) return [];
  return [...table(grain, choice, metric.at).values()].map((row) => ({
    unit: row[0],
    other: row[1],
    steps: decoded(grain, choice, row),
  }));
}

/** The usual range: median ± twice the robust spread of this and the four periods before; from three whole ones on. */
function withUsual(steps, { least = -Infinity, most = Infinity } = {}) {
  return steps.map((step, at) => {
    if (step.median === null || step.median === undefined) return step;
    const near = steps
      .slice(Math.max(0, at - 4), at + 1)
      .filter((one) => one.whole && one.value !== null)
      .map((one) => one.value);
    if (near.length < 3) return step;
    const spread = 1.4826 * middle(near.map((value) => Math.abs(value - step.median)));
    const inside = (value) => Math.min(most, Math.max(least, value));
    return { ...step, usualLow: inside(step.median - 2 * spread), usualHigh: inside(step.median + 2 * spread) };
  });
}

function middle(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

// Lines: {unit, other, states: [state per period], odd: Map(period → {ratio, last})}
const lineCache = new Map();

function lines(grain, choice) {
  const key = `${grain}/${choice.boundary}/${choice.channel}`;
  if (!lineCache.has(key)) {
    const rows = CONTENT.lines[grain][`${choice.boundary}/${choice.channel}`] ?? [];
    lineCache.set(
      key,
      rows.map(([unit, other, letters, odd]) => ({
        unit,
        other,
        states: [...letters].map((letter) => STATES[letter] ?? null),
        odd: new Map(odd.map(([at, ratio, last]) => [at, { ratio, last }])),
      })),
    );
  }
  return lineCache.get(key);
}

/** Where the line stands at the end of `period`: judged by month, which knows most. */
function standing(line, period) {
  const inside = within(period, "month").filter((one) => line.states[one.at]);
  const last = inside[inside.length - 1];
  if (!last) return null;
  const first = inside[0].at;
  const before = first > 0 ? line.states[first - 1] : null;
  return { state: line.states[last.at], before, at: last.at, ...(line.odd.get(last.at) ?? {}) };
}
