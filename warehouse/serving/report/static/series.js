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
  const name = `${grain}/${choice.boundary}/${choice.channel}/${metric}`;
  if (!found.has(name))
    found.set(name, gathered((block) => block.cells[grain][keyIn(block, choice, metric)] ?? []));
  return found.get(name);
}

const PARTS = {};
for (const grain of Object.keys(PERIODS))
  PARTS[grain] = new Map(
    seenInPart(grain).map((one) => [`${one.boundary}/${one.channel}/${one.unit}/${one.other}/${one.at}`, one]),
  );

function partSeen(grain, choice, unit, other, at) {
  return PARTS[grain].get(`${choice.boundary}/${choice.channel}/${unit}/${other}/${at}`);
}

/** Steps of a series, one per period: {period, status, value, median, low, high, ..., whole, part}; null without any. */
function series(grain, choice, id, unit = EVERY, other = EVERY) {
  const metric = METRIC[id];
  if (!metric) return null;
  const pair = table(grain, choice, metric.at).get(`${unit}/${other}`);
  return pair ? decoded(grain, choice, pair) : null;
}

function decoded(grain, choice, { unit, other, pieces }) {
  const steps = PERIODS[grain].map((period, at) => {
    const seen = partSeen(grain, choice, unit, other, at);
    const part = seen ? seen.part : 1;
    return {
      period,
      at,
      part,
      missing: seen ? seen.missing : 0,
      whole: isWhole(period) && part >= COMPLETE_ENOUGH,
      value: null,
      status: "absent",
    };
  });
  const pick = (list, n) => (list ? list[n] : null);
  for (const [block, row] of pieces) {
    const [, , status, values, medians, lows, highs, expected, people, otherPeople] = row;
    let n = 0;
    for (const [place, letter] of [...block.statuses[status]].entries()) {
      if (letter === ".") continue;
      const step = steps[block.from[grain] + place];
      if (letter !== "s") {
        step.status = letter === "n" ? "empty" : "hidden";
        if (step.status === "hidden") step.reason = block.reasons[Number(letter)] ?? "";
        continue;
      }
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
    }
  }
  return steps;
}

/** A line's series, whichever of its units comes first. */
function lineSeries(grain, choice, id, one, other) {
  return series(grain, choice, id, one, other) ?? series(grain, choice, id, other, one);
}

function allSeries(grain, choice, id) {
  const metric = METRIC[id];
  if (!metric) return [];
  return [...table(grain, choice, metric.at).values()].map((pair) => ({
    unit: pair.unit,
    other: pair.other,
    steps: decoded(grain, choice, pair),
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
    const pairs = gathered((block) => block.lines[grain][keyIn(block, choice)] ?? []);
    lineCache.set(key, [...pairs.values()].map((pair) => standings(grain, pair)));
  }
  return lineCache.get(key);
}

function standings(grain, { unit, other, pieces }) {
  const states = PERIODS[grain].map(() => null);
  const odd = new Map();
  for (const [block, [, , letters, told]] of pieces) {
    const from = block.from[grain];
    for (const [place, letter] of [...letters].entries())
      if (letter in STATES) states[from + place] = STATES[letter];
    for (const [place, ratio, last] of told) odd.set(from + place, { ratio, last });
  }
  return { unit, other, states, odd };
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
