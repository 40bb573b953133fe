// The published content, and its words, numbers, periods and names as the reader's language writes them.
const CONTENT = JSON.parse(document.getElementById("content").textContent);
const WORDS = JSON.parse(document.getElementById("words").textContent);
const LANGUAGE = CONTENT.language;
const READERS = LANGUAGE === "en" ? "en-GB" : LANGUAGE; // whose days are written as in Europe
const EVERY = -1; // in place of a unit: all of them
const COMPLETE_ENOUGH = 0.9;

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
const integers = new Intl.NumberFormat(READERS, { maximumFractionDigits: 0 });
const decimals = new Intl.NumberFormat(READERS, { maximumSignificantDigits: 3 });
const shares = new Intl.NumberFormat(READERS, { style: "percent", maximumFractionDigits: 0 });
const smallShares = new Intl.NumberFormat(READERS, { style: "percent", maximumFractionDigits: 1 });
const day = new Intl.DateTimeFormat(READERS, { dateStyle: "long", timeZone: "UTC" });
const longMonth = new Intl.DateTimeFormat(READERS, { month: "long", year: "numeric", timeZone: "UTC" });
const shortMonth = new Intl.DateTimeFormat(READERS, { month: "short", timeZone: "UTC" });

function showDay(text) {
  return text ? day.format(new Date(`${text}T00:00:00Z`)) : "";
}

function showNumber(value, unit) {
  if (value === null || value === undefined) return "";
  if (unit === "ratio") return (Math.abs(value) < 0.1 ? smallShares : shares).format(value);
  return (Math.abs(value) >= 100 ? integers : decimals).format(value);
}

// Periods: {grain, at, name, first, last, part, label, short}
const PERIODS = Object.fromEntries(
  Object.entries(CONTENT.periods).map(([grain, rows]) => [
    grain,
    rows.map(([name, first, last, part], at) => ({
      grain,
      at,
      name,
      first,
      last,
      part,
      ...periodWords(grain, name, first),
    })),
  ]),
);

function periodWords(grain, name, first) {
  const date = new Date(`${first}T00:00:00Z`);
  const year = name.slice(0, 4);
  if (grain === "month") {
    return {
      label: longMonth.format(date),
      short: `${shortMonth.format(date).replace(".", "")} ’${year.slice(2)}`,
    };
  }
  const n = String(Number(name.slice(6)));
  return { label: t("quarter_long", { n, year }), short: t("quarter_short", { n, year: year.slice(2) }) };
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
  return inside.length
    ? inside
    : PERIODS[grain].filter((one) => one.first <= period.first && one.last >= period.last);
}

// Units, metrics
const UNITS = CONTENT.units.map(([boundary, name], at) => ({ at, boundary, name }));
const METRICS = CONTENT.metrics.map((row, at) => {
  const [id, whole, definition, unit, unitWords, range, direction, reading, reference, parameters] = row;
  const [family, ...rest] = whole.split(": ");
  const measure = rest.join(": ") || family;
  const title = family === measure ? family : whole;
  const [least, most] = { ">= 0": [0, Infinity], ">= 1": [1, Infinity], "0 to 1": [0, 1], "-1 to 1": [-1, 1] }[range] ?? [-Infinity, Infinity];
  return { at, id, family, measure, title, definition, unit, unitWords, least, most, direction, reading, reference, parameters };
});
const METRIC = Object.fromEntries(METRICS.map((metric) => [metric.id, metric]));

function hasName(unit) {
  return unit.name !== CONTENT.unknown && unit.name !== CONTENT.other;
}

/** Units of a boundary; people without one, and the smallest ones together, come last. */
function unitsOf(boundary) {
  const units = UNITS.filter((unit) => unit.boundary === boundary);
  return [...units.filter(hasName), ...units.filter((unit) => !hasName(unit))];
}

function unitName(at) {
  if (at === EVERY) return t("whole_network");
  if (UNITS[at].name === CONTENT.other) return t("single_units");
  return UNITS[at].name === CONTENT.unknown ? t("unknown_unit") : UNITS[at].name;
}

function lineName(one, other) {
  return one === other ? t("inside", { unit: unitName(one) }) : `${unitName(one)} – ${unitName(other)}`;
}

// The word that all names of a boundary end with says nothing where space is short.
const SHORT = new Map();
for (const boundary of CONTENT.boundaries.keys()) {
  const units = unitsOf(boundary).filter(hasName);
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
