// The head of each page: where one can go, and what one can choose.
const MENU = [
  ["", "overview"],
  ["network", "network"],
  ["units", "units_and_lines"],
  ["leadership", "leadership"],
  ["measures", "all_measures"],
  ["data", "data"],
  ["about", "about"],
];
const narrow = window.matchMedia("(max-width: 40rem)");
let unfolded = false; // on a phone, the menu and the choices wait behind a button

function head(page) {
  const fold = el("details", { class: "fold", open: !narrow.matches || unfolded },
    el("summary", {}, el("span", { class: "fold-name" }, t("menu_and_choices")), el("span", { class: "chosen" }, chosen())),
    menu(page), choices());
  fold.addEventListener("toggle", () => {
    if (narrow.matches) unfolded = fold.open;
  });
  return el("header", { class: "top" },
    el("div", { class: "bar" }, el("a", { class: "brand", href: pageHash("") }, CONTENT.publication.network), fold));
}

narrow.addEventListener("change", () => {
  const fold = document.querySelector(".fold");
  if (fold) fold.open = !narrow.matches || unfolded;
});

function chosen() {
  const { period, boundary, channel } = current;
  const all = CONTENT.channels[channel] === CONTENT.all;
  return [period.label, boundaryPlural(current), all ? null : channelName(CONTENT.channels[channel])].filter(Boolean).join(" · ");
}

function menu(page) {
  const shown = page === "unit" || page === "line" ? "units" : page;
  return el("nav", { class: "menu", "aria-label": t("menu") },
    el("ul", {}, MENU.map(([name, key]) => el("li", {}, link(t(key), pageHash(name), { "aria-current": name === shown ? "page" : null })))));
}

/** A labelled list; `groups` are [name or "", [[key, text], ...]]. */
function select(id, label, groups, value, change) {
  const options = (list) => list.map(([key, text]) => el("option", { value: key, selected: key === value }, text));
  return el("p", { class: "field" }, el("label", { for: id }, label),
    el("select", { id, onchange: (event) => change(event.target.value) },
      groups.map(([name, list]) => (name ? el("optgroup", { label: name }, options(list)) : options(list)))));
}

function choices() {
  const name = (period) => (isWhole(period) ? period.label : t("not_over", { period: period.label }));
  const periods = (grain) => [...PERIODS[grain]].reverse().map((period) => [period.name, name(period)]);
  const boundaries = CONTENT.boundaries.map((_, at) => [String(at), boundaryPlural({ boundary: at })]);
  const channels = CONTENT.channels.map((channel, at) => [String(at), channelName(channel)]);
  const grains = ["month", "quarter"].map((grain) => [grain, t(`grain_${grain}`)]);
  return el("form", { class: "choices", "aria-label": t("choices"), onsubmit: (event) => event.preventDefault() },
    select("period", t("period"), [[t("quarters"), periods("quarter")], [t("months"), periods("month")]], current.period.name,
      (wanted) => goTo({ period: EVERY_PERIOD.find((one) => one.name === wanted) })),
    select("boundary", t("between"), [["", boundaries]], String(current.boundary), (at) => goTo({ boundary: Number(at) })),
    select("channel", t("channel"), [["", channels]], String(current.channel), (at) => goTo({ channel: Number(at) })),
    select("grain", t("charts_per"), [["", grains]], current.grain, (grain) => goTo({ grain })));
}
