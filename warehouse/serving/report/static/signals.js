// What changed and deserves attention: the published signals, strongest first.
const IN_SIGHT = 6;

/** Signals of the period, strongest first; those of a quarter's months too, each line once per kind. */
function signalsOf(choice) {
  const months = new Set(within(choice.period, "month").map((one) => one.at));
  const isNow = (grain, at) =>
    (grain === choice.period.grain && at === choice.period.at) ||
    (choice.period.grain === "quarter" && grain === "month" && months.has(at));
  const seen = new Set();
  return CONTENT.signals
    .map(([kind, grain, at, channel, boundary, unit, other, score, sentence, title]) => ({
      kind, at, channel, boundary, unit, other, score, sentence, title, grain,
      key: `${kind}/${unit}/${other}`, when: isNow(grain, at) ? PERIODS[grain][at].label : null,
    }))
    .filter((one) => one.when && one.channel === choice.channel && one.boundary === choice.boundary)
    .filter((one) => !seen.has(one.key) && seen.add(one.key));
}

function signalItem({ kind, unit, other, sentence, title, when }) {
  const look = LOOK[kind.replace("line_", "")];
  const sign = look?.sign ? el("span", { "aria-hidden": "true", style: `color:${look.colour}` }, `${look.sign} `) : null;
  const hash = unit === EVERY ? null : other === EVERY || other === unit ? unitHash(unit) : lineHash(unit, other);
  return el("li", {},
    el("span", { class: "kind", style: look ? `border-color:${look.colour}` : null }, sign, title),
    el("span", { class: "sentence" }, hash ? link(sentence, hash) : sentence),
    el("span", { class: "when" }, when),
  );
}

function signalList(choice) {
  if (CONTENT.channels[choice.channel] !== CONTENT.all) return el("p", {}, t("signals_of_all"));
  const told = signalsOf(choice);
  if (!told.length) return el("p", {}, t("no_signals", { period: choice.period.label }));
  const rest = told.slice(IN_SIGHT);
  const caption = t("signals_of", { period: choice.period.label });
  const columns = [
    { key: "title", title: t("signal") },
    { key: "sentence", title: t("sentence") },
    { key: "when", title: t("period") },
    { key: "score", title: t("at_stake"), number: true, unit: "ratio" },
  ];
  return el("div", {},
    el("ol", { class: "signals" }, told.slice(0, IN_SIGHT).map(signalItem)),
    rest.length
      ? el("details", { class: "further" },
          el("summary", {}, t("further_signals", { n: String(rest.length) })),
          el("ol", { class: "signals", start: String(IN_SIGHT + 1) }, rest.map(signalItem)))
      : null,
    saver(caption, columns, told),
  );
}
