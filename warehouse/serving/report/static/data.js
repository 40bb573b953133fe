// The published numbers, and how to ask for them. Nothing here touches the page.
const CONTENT = JSON.parse(document.getElementById("content").textContent);
const WORDS = JSON.parse(document.getElementById("words").textContent);
const LANGUAGE = CONTENT.language;
const EVERY = -1; // in place of a unit: all of them
const COMPLETE_ENOUGH = 0.9;
const STATES = {
  g: "growing", s: "steady", w: "weakening", q: "quiet", l: "lost", c: "closed",
  r: "revived", n: "new", e: "early", "-": "hidden",
};

/** Words in the reader's language: {name} is filled in, {n|one|more} chooses by number. */
function t(key, values = {}) {
  if (!(key in WORDS)) throw new Error(`no words for ${key}`);
  return WORDS[key].replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name, one, more) => {
    if (!(name in values)) throw new Error(`${key} needs ${name}`);
    return one === undefined ? values[name] : String(values[name]) === "1" ? one : more;
  });
}

function tOr(key, fallback) {
  return key in WORDS ? WORDS[key] : fallback;
}

// Numbers and dates as the reader writes them.
const integers = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 0 });
const decimals = new Intl.NumberFormat(LANGUAGE, { maximumSignificantDigits: 3 });
const shares = new Intl.NumberFormat(LANGUAGE, { style: "percent", maximumFractionDigits: 0 });
const day = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "long", timeZone: "UTC" });
const longMonth = new Intl.DateTimeFormat(LANGUAGE, { month: "long", year: "numeric", timeZone: "UTC" });
const shortMonth = new Intl.DateTimeFormat(LANGUAGE, { month: "short", timeZone: "UTC" });

function showDay(text) {
  return text ? day.format(new Date(`${text}T00:00:00Z`)) : "";
}

function showNumber(value, unit) {
  if (value === null || value === undefined) return "";
  if (unit === "ratio" || unit === "share") return shares.format(value);
  return (Math.abs(value) >= 100 ? integers : decimals).format(value);
}

// Periods: {grain, at, name, first, last, part, label, short}
const PERIODS = Object.fromEntries(
  Object.entries(CONTENT.periods).map(([grain, rows]) => [
    grain,
    rows.map(([name, first, last, part], at) => ({
      grain, at, name, first, last, part, ...periodWords(grain, name, first),
    })),
  ]),
);

function periodWords(grain, name, first) {
  const date = new Date(`${first}T00:00:00Z`);
  const year = name.slice(0, 4);
  if (grain === "month") {
    return { label: longMonth.format(date), short: `${shortMonth.format(date).replace(".", "")} ’${year.slice(2)}` };
  }
  const n = String(Number(name.slice(6)));
  if (grain === "quarter") return { label: t("quarter_long", { n, year }), short: t("quarter_short", { n, year: year.slice(2) }) };
  return { label: t("week_long", { n, year }), short: t("week_short", { n, year: year.slice(2) }) };
}

function isWhole(period) {
  return period.part >= 1;
}

function lastWhole(grain) {
  const whole = PERIODS[grain].filter(isWhole);
  return whole[whole.length - 1] ?? PERIODS[grain][PERIODS[grain].length - 1];
}

/** Periods of `grain` that lie within `period`, or the one that holds it. */
function within(period, grain) {
  const inside = PERIODS[grain].filter((one) => one.first >= period.first && one.last <= period.last);
  return inside.length ? inside : PERIODS[grain].filter((one) => one.first <= period.first && one.last >= period.last);
}

// Units, metrics
const UNITS = CONTENT.units.map(([boundary, name], at) => ({ at, boundary, name }));
const METRICS = CONTENT.metrics.map(([id, title, definition, unit, direction, reference, parameters], at) => {
  const [family, ...name] = title.split(": ");
  const measure = name.join(": ") || family;
  return { at, id, family, measure, title: family === measure ? family : title, definition, unit, direction, reference, parameters };
});
const METRIC = Object.fromEntries(METRICS.map((metric) => [metric.id, metric]));

function unitsOf(boundary) {
  return UNITS.filter((unit) => unit.boundary === boundary);
}

function unitName(at) {
  if (at === EVERY) return t("whole_network");
  return UNITS[at].name === CONTENT.unknown ? t("unknown_unit") : UNITS[at].name;
}

function lineName(one, other) {
  return one === other ? t("inside", { unit: unitName(one) }) : `${unitName(one)} – ${unitName(other)}`;
}

// The word that all names of a boundary end with says nothing where space is short.
const SHORT = new Map();
for (const boundary of CONTENT.boundaries.keys()) {
  const units = unitsOf(boundary).filter((unit) => unit.name !== CONTENT.unknown);
  const last = units.map((unit) => unit.name.split(" ").slice(1).pop());
  const shared = units.length > 2 && last[0] && last.every((word) => word === last[0]);
  for (const unit of units) SHORT.set(unit.at, shared ? unit.name.slice(0, -last[0].length - 1) : unit.name);
}

function shortName(at) {
  return SHORT.get(at) ?? unitName(at);
}

function shortLine(one, other) {
  return one === other ? t("inside", { unit: shortName(one) }) : `${shortName(one)} – ${shortName(other)}`;
}

function boundaryName(name) {
  return tOr(`boundary_${name}`, name);
}

function channelName(name) {
  return tOr(name === CONTENT.all ? "channel_all" : `channel_${name}`, name);
}

function reasonName(reason) {
  return tOr(`reason_${reason.replace(/\W+/g, "_")}`, reason);
}

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
  PARTS[grain] = new Map(rows.map(([b, c, u, o, at, part, missing]) => [`${b}/${c}/${u}/${o}/${at}`, { part, missing }]));
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
    const step = { period, at, part, missing: seen ? seen.missing : 0, whole: isWhole(period) && part >= COMPLETE_ENOUGH };
    if (letter === "s") {
      Object.assign(step, {
        status: "shown", value: pick(values, n), median: pick(medians, n), low: pick(lows, n), high: pick(highs, n),
        expected: pick(expected, n), people: pick(people, n), otherPeople: pick(otherPeople, n),
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
    unit: row[0], other: row[1], steps: decoded(grain, choice, row),
  }));
}

/** The usual range: median ± twice the robust spread of this and the four periods before; from three whole ones on. */
function withUsual(steps) {
  return steps.map((step, at) => {
    if (step.median === null || step.median === undefined) return step;
    const near = steps.slice(Math.max(0, at - 4), at + 1).filter((one) => one.whole && one.value !== null).map((one) => one.value);
    if (near.length < 3) return step;
    const spread = 1.4826 * middle(near.map((value) => Math.abs(value - step.median)));
    return { ...step, usualLow: step.median - 2 * spread, usualHigh: step.median + 2 * spread };
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
    lineCache.set(key, rows.map(([unit, other, letters, odd]) => ({
      unit, other,
      states: [...letters].map((letter) => STATES[letter] ?? null),
      odd: new Map(odd.map(([at, ratio, last]) => [at, { ratio, last }])),
    })));
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
