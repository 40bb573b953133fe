// Which page, which choice: both stand in the address, so that they can be kept and shared.
const EVERY_PERIOD = [...PERIODS.quarter, ...PERIODS.month];
const START = {
  period: PERIODS.quarter.some(isWhole) ? lastWhole("quarter") : (lastWhole("month") ?? EVERY_PERIOD[0]),
  boundary: 0,
  channel: 0,
  grain: "month",
};
let current = START;

function parsed() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  const wanted = new URLSearchParams(query);
  const place = (list, name, otherwise) => (list.includes(name) ? list.indexOf(name) : otherwise);
  const grain = wanted.get("g");
  return {
    page: Object.hasOwn(PAGES, parts[0]) ? parts[0] : "",
    words: parts.slice(1),
    period: EVERY_PERIOD.find((period) => period.name === wanted.get("p")) ?? START.period,
    boundary: place(CONTENT.boundaries, wanted.get("b"), START.boundary),
    channel: place(CONTENT.channels, wanted.get("c"), START.channel),
    grain: ["month", "quarter"].includes(grain) ? grain : START.grain,
  };
}

function goTo(change) {
  const { page, words } = parsed();
  current = { ...current, ...change };
  const stays = !("boundary" in change) || !["unit", "line"].includes(page);
  location.hash = stays ? pageHash(...(page ? [page, ...words] : [""])) : pageHash("units");
}

function pageHash(...parts) {
  const { period, boundary, channel, grain } = current;
  const query = new URLSearchParams({
    p: period.name,
    b: CONTENT.boundaries[boundary],
    c: CONTENT.channels[channel],
    g: grain,
  });
  return `#/${parts.map(encodeURIComponent).join("/")}?${query}`;
}

function unitHash(unit) {
  return pageHash("unit", UNITS[unit].name);
}

function lineHash(one, other) {
  return pageHash("line", UNITS[one].name, UNITS[other].name);
}
