// The first page, and the map with the matrix.
function overview(choice) {
  const { publication } = CONTENT;
  return [
    el(
      "header",
      { class: "opening" },
      el("p", { class: "kicker" }, t("report")),
      el("h1", { tabindex: "-1" }, publication.network),
      el(
        "p",
        { class: "lead" },
        t("lead", {
          period: choice.period.label,
          boundary: boundaryName(CONTENT.boundaries[choice.boundary]),
          channel: channelName(CONTENT.channels[choice.channel]),
        }),
        choice.period.last < publication.data_last_day ? ` ${t("later_data", { last: showDay(publication.data_last_day) })}` : "",
      ),
      notices(choice),
    ),
    section("attention", t("attention"), el("p", {}, t("attention_why")), signalList(choice)),
    section(
      "answers",
      t("answers"),
      el(
        "div",
        { class: "answers" },
        quietAnswer(choice),
        fragileAnswer(choice),
        leadershipAnswer(choice),
        introductionAnswer(choice),
      ),
    ),
    section("map", t("network"), el("p", {}, t("network_why")), network(choice)),
    section(
      "trends",
      t("trends"),
      trendLegend(),
      charts(
        [
          "cross_boundary_share.share",
          "interaction_volume.weight",
          "boundary_coverage.coverage",
          "tie_turnover.retention",
        ].map((id) => trendFigure(choice, id)),
      ),
    ),
  ];
}

function networkPage(choice) {
  return [
    el("h1", { tabindex: "-1" }, t("network")),
    el("p", { class: "lead" }, t("network_why")),
    notices(choice),
    section("map", t("map"), network(choice)),
    section("matrix", t("matrix"), el("p", {}, t("matrix_why")), matrix(choice)),
  ];
}
