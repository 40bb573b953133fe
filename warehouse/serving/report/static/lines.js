// How each state of a line looks: a colour, a pattern and a sign, so that none has to be seen alone.
const LOOK = {
  steady: { colour: "#4a6a8a", dash: [1, 0], sign: "" },
  growing: { colour: "#17713f", dash: [14, 3], sign: "▲" },
  new: { colour: "#6d28d9", dash: [7, 3], sign: "★" },
  revived: { colour: "#0f6b75", dash: [12, 3, 3, 3], sign: "↻" },
  weakening: { colour: "#a84a05", dash: [6, 5], sign: "▼" },
  quiet: { colour: "#b91c1c", dash: [2, 5], sign: "○" },
  lost: { colour: "#7a1020", dash: [2, 9], sign: "✕" },
  closed: { colour: "#6b7280", dash: [12, 8], sign: "■" },
  early: { colour: "#64748b", dash: [4, 2], sign: "" },
  hidden: { colour: "#8a8f98", dash: [1, 4], sign: "" },
};
const NAMES = Object.keys(LOOK);

/** Lines of one step: {unit, other, state, weight, ...}; hidden ones too. */
function edges(choice, grain, at) {
  const states = new Map(lines(grain, choice).map((line) => [`${line.unit}/${line.other}`, line]));
  const told = [];
  for (const { unit, other, steps } of allSeries(grain, choice, "flow.weight")) {
    if (unit === other || !isReal(unit) || !isReal(other)) continue;
    const step = steps[at];
    const line = states.get(`${unit}/${other}`) ?? states.get(`${other}/${unit}`);
    const state = line?.states[at] ?? null;
    if (step.status === "absent" && (!state || state === "hidden")) continue;
    const hidden = step.status === "hidden" || (step.status === "absent" && state === "hidden");
    told.push({
      unit,
      other,
      name: lineName(unit, other),
      weight: step.value ?? (hidden ? null : 0),
      hidden,
      reason: step.reason ?? "",
      state: hidden ? "hidden" : state && state !== "hidden" ? state : "early",
      whole: step.whole,
      note: stepNote({ ...step, status: hidden ? step.status : "shown" }),
    });
  }
  return told;
}

function networkSentence(told, period) {
  const shown = told.filter((edge) => !edge.hidden);
  const count = (...states) => shown.filter((edge) => states.includes(edge.state)).length;
  return t("network_says", {
    period: period.label,
    active: String(shown.filter((edge) => edge.weight > 0).length),
    quiet: String(count("quiet", "lost")),
    growing: String(count("growing", "new", "revived")),
    weakening: String(count("weakening")),
    hidden: String(told.length - shown.length),
  });
}

const EDGE_COLUMNS = () => [
  { key: "name", title: t("line"), show: (row) => link(row.name, lineHash(row.unit, row.other)) },
  {
    key: "state",
    title: t("state"),
    show: (row) => stateMark(row.state),
    raw: (row) => t(`state_${row.state}`),
  },
  { key: "weight", title: t("weight"), number: true },
  {
    key: "note",
    title: t("note"),
    show: (row) => row.note || (row.hidden ? t("hidden_because", { reason: reasonName(row.reason) }) : ""),
  },
];

/** A state as sign and word. */
function stateMark(state) {
  const { colour, sign } = LOOK[state];
  return el("span", { class: "mark" }, sign ? el("span", { class: "sign", style: `color:${colour}`, "aria-hidden": "true" }, `${sign} `) : null, t(`state_${state}`));
}

function stateLegend() {
  return el(
    "ul",
    { class: "legend states" },
    NAMES.map((name) => {
      const { colour, dash, sign } = LOOK[name];
      const line = svg("line", {
        x1: 1,
        y1: 8,
        x2: 45,
        y2: 8,
        stroke: colour,
        "stroke-width": name === "hidden" ? 1.5 : 4,
        "stroke-dasharray": dash.join(" "),
      });
      return el(
        "li",
        {},
        svg("svg", { width: 46, height: 16, viewBox: "0 0 46 16", "aria-hidden": "true" }, line),
        sign ? el("span", { class: "sign", style: `color:${colour}`, "aria-hidden": "true" }, sign) : null,
        " ",
        stateTerm(name),
      );
    }),
  );
}
