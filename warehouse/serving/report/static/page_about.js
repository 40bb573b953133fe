// How to read and cite; definitions.
function aboutPage() {
  const { publication } = CONTENT;
  const cite = t("citation", {
    network: publication.network,
    version: publication.tieline_version,
    day: showDay(publication.published_at.slice(0, 10)),
    run: publication.run_id,
    first: showDay(publication.data_first_day),
    last: showDay(publication.data_last_day),
  });
  const families = new Map();
  for (const metric of METRICS) {
    families.set(metric.family, [...(families.get(metric.family) ?? []), metric]);
  }
  return [
    el("h1", { tabindex: "-1" }, t("about")),
    el("p", { class: "lead" }, t("about_lead")),
    section(
      "reading",
      t("reading"),
      [
        "reading_line",
        "reading_weight",
        "reading_unit",
        "reading_hidden",
        "reading_median",
        "reading_direction",
      ].map((key) => el("p", {}, t(key))),
    ),
    section(
      "states",
      t("states"),
      el(
        "dl",
        {},
        NAMES.map((name) => [el("dt", {}, t(`state_${name}`)), el("dd", {}, t(`state_${name}_means`))]),
      ),
    ),
    section("cite", t("cite"), el("blockquote", { id: "citation" }, cite)),
    section(
      "definitions",
      t("definitions"),
      el(
        "dl",
        {},
        [...families].map(([name, metrics]) => [
          el("dt", {}, name),
          el(
            "dd",
            {},
            el("p", {}, metrics[0].definition),
            el(
              "ul",
              {},
              metrics.map((metric) =>
                el("li", {}, metric.measure, ` (${metric.unitWords})`),
              ),
            ),
            metrics[0].parameters
              ? el("p", { class: "note" }, t("parameters", { parameters: metrics[0].parameters }))
              : null,
            metrics[0].reference
              ? el("p", { class: "note" }, t("reference", { reference: metrics[0].reference }))
              : null,
          ),
        ]),
      ),
    ),
    section(
      "made",
      t("made"),
      el(
        "ul",
        {},
        el(
          "li",
          {},
          t("made_from", { run: publication.run_id, day: showDay(publication.published_at.slice(0, 10)) }),
        ),
        el(
          "li",
          {},
          t("made_period", {
            first: showDay(publication.data_first_day),
            last: showDay(publication.data_last_day),
            zone: publication.time_zone,
          }),
        ),
        el(
          "li",
          {},
          t("made_rules", { k: String(publication.k), dominance: shares.format(publication.dominance) }),
        ),
        el("li", {}, t("made_offline")),
      ),
    ),
  ];
}
