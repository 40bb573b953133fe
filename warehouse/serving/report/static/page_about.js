// How to read and cite; definitions.
const READING = ["line", "weight", "unit", "hidden", "median", "direction"];

function aboutPage() {
  return [
    el("h1", { tabindex: "-1" }, t("about")),
    el("p", { class: "lead" }, t("about_lead")),
    section("reading", t("reading"), READING.map((key) => el("p", {}, t(`reading_${key}`)))),
    section("states", t("states"), el("dl", {}, NAMES.map((name) => [el("dt", {}, stateMark(name)), el("dd", {}, t(`state_${name}_means`))]))),
    section("cite", t("cite"), citations()),
    section("definitions", t("definitions"), definitions()),
    section("made", t("made"), el("ul", {}, made().map((text) => el("li", {}, text)))),
  ];
}

/** How to cite, as a sentence and for a list of references. */
function citations() {
  const { network, tieline_version: version, published_at: at, run_id: run, data_first_day: first, data_last_day: last } = CONTENT.publication;
  const plain = t("citation", { network, version, day: showDay(at.slice(0, 10)), run, first: showDay(first), last: showDay(last) });
  const safe = (text) => String(text).replace(/[\\{}]/g, "").replace(/[&%$#_]/g, "\\$&");
  const bibtex = [
    `@misc{tieline-${at.slice(0, 10)},`,
    `  title = {${safe(t("report"))}: ${safe(network)}},`,
    `  year = {${at.slice(0, 4)}},`,
    `  note = {${safe(`Tieline ${version}, ${run}, ${first}/${last}`)}}`,
    "}",
  ].join("\n");
  return [
    el("blockquote", { id: "citation" }, plain), copyButton(plain),
    el("p", {}, t("cite_part")),
    el("details", {}, el("summary", {}, t("bibtex")), el("pre", { tabindex: "0" }, bibtex), copyButton(bibtex)),
  ];
}

function copyButton(text) {
  const said = el("span", { role: "status" });
  const copy = () => navigator.clipboard.writeText(text).then(() => said.replaceChildren(` ${t("copied")}`));
  return navigator.clipboard ? el("p", { class: "buttons" }, el("button", { type: "button", class: "save", onclick: copy }, t("copy")), said) : null;
}

/** What each metric means, with its measures, settings and source. */
function definitions() {
  const families = new Map();
  for (const metric of METRICS) families.set(metric.family, [...(families.get(metric.family) ?? []), metric]);
  return el("dl", { class: "definitions" }, [...families].map(([name, metrics]) => {
    const { definition, reading, parameters, reference } = metrics[0];
    return [el("dt", {}, name), el("dd", {},
      el("p", {}, definition), reading ? el("p", {}, reading) : null,
      el("ul", {}, metrics.map((metric) => el("li", {}, `${metric.measure} (${metric.unitWords})`))),
      parameters ? el("p", { class: "note" }, t("parameters", { parameters })) : null,
      reference ? el("p", { class: "note" }, t("reference", { reference })) : null)];
  }));
}

function made() {
  const { run_id: run, published_at: at, data_first_day: first, data_last_day: last, time_zone: zone, k, dominance } = CONTENT.publication;
  return [
    t("made_from", { run, day: showDay(at.slice(0, 10)) }),
    t("made_period", { first: showDay(first), last: showDay(last), zone }),
    t("made_rules", { k: String(k), dominance: shares.format(dominance) }),
    t("made_offline"),
  ];
}
