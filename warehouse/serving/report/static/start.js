// Which page, which choice; both stand in the address, so that they can be kept and shared.
const PAGES = {
  "": overview, network: networkPage, units: unitsPage, unit: unitPage, line: linePage,
  leadership: leadershipPage, measures: measuresPage, data: dataPage, about: aboutPage,
};
const MENU = [["", "overview"], ["network", "network"], ["units", "units_and_lines"], ["leadership", "leadership"], ["measures", "all_measures"], ["data", "data"], ["about", "about"]];

const EVERY_PERIOD = [...PERIODS.quarter, ...PERIODS.month];
let current = {
  period: PERIODS.quarter.some(isWhole) ? lastWhole("quarter") : lastWhole("month") ?? EVERY_PERIOD[0],
  boundary: 0, channel: 0, grain: "month",
};

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
  return {
    page: Object.hasOwn(PAGES, parts[0]) ? parts[0] : "", words: parts.slice(1),
    period: EVERY_PERIOD.find((period) => period.name === wanted.get("p")) ?? current.period,
    boundary: place(CONTENT.boundaries, wanted.get("b"), current.boundary), channel: place(CONTENT.channels, wanted.get("c"), current.channel),
  };
}

function goTo(change) {
  const { page, words } = parsed();
  current = { ...current, ...change };
  const stays = !("boundary" in change) || !["unit", "line"].includes(page);
  location.hash = stays ? pageHash(...(page ? [page, ...words] : [""])) : pageHash("units");
}

function choices() {
  const select = (id, label, groups, value, change) => el("p", { class: "field" }, el("label", { for: id }, label),
    el("select", { id, onchange: (event) => change(event.target.value) }, groups.map(([name, options]) => {
      const list = options.map(([key, text]) => el("option", { value: key, selected: key === value }, text));
      return name ? el("optgroup", { label: name }, list) : list;
    })));
  const names = (periods) => [...periods].reverse().map((period) => [period.name, isWhole(period) ? period.label : t("not_over", { period: period.label })]);
  return el("form", { class: "choices", "aria-label": t("choices"), onsubmit: (event) => event.preventDefault() },
    select("period", t("period"), [[t("quarters"), names(PERIODS.quarter)], [t("months"), names(PERIODS.month)]], current.period?.name, (name) => goTo({ period: EVERY_PERIOD.find((one) => one.name === name) })),
    select("boundary", t("between"), [["", CONTENT.boundaries.map((name, at) => [String(at), tOr(`boundary_${name}_plural`, name)])]], String(current.boundary), (at) => goTo({ boundary: Number(at) })),
    select("channel", t("channel"), [["", CONTENT.channels.map((name, at) => [String(at), channelName(name)])]], String(current.channel), (at) => goTo({ channel: Number(at) })),
    select("grain", t("charts_per"), [["", ["month", "quarter"].map((grain) => [grain, t(`grain_${grain}`)])]], current.grain, (grain) => { current.grain = grain; show(true); }));
}

function menu(page) {
  const shown = page === "unit" || page === "line" ? "units" : page;
  return el("nav", { class: "menu", "aria-label": t("menu") }, el("ul", {}, MENU.map(([name, key]) => el("li", {}, link(t(key), pageHash(name), { "aria-current": name === shown ? "page" : null })))));
}

let shownPage = null;

function show(stay = false) {
  const wanted = parsed();
  current = { ...current, period: wanted.period, boundary: wanted.boundary, channel: wanted.channel };
  const focused = document.activeElement?.id;
  const app = document.getElementById("app");
  const empty = !current.period || !CONTENT.boundaries.length;
  const page = empty ? [el("h1", { tabindex: "-1" }, CONTENT.publication.network), el("p", { class: "lead" }, t("nothing_published"))] : PAGES[wanted.page](current, ...wanted.words);
  const main = el("main", { id: "main" }, page);
  app.replaceChildren(
    el("header", { class: "top" }, el("div", { class: "bar" }, el("a", { class: "brand", href: empty ? "#/" : pageHash("") }, CONTENT.publication.network), empty ? null : menu(wanted.page)), empty ? null : choices()),
    main,
    el("footer", {}, el("p", {}, t("footer", { day: showDay(CONTENT.publication.published_at.slice(0, 10)), last: showDay(CONTENT.publication.data_last_day) })),
      el("p", {}, el("button", { type: "button", class: "save", onclick: () => window.print() }, t("print")))));
  const heading = main.querySelector("h1");
  document.title = `${heading.textContent} · ${t("report")} · ${CONTENT.publication.network}`;
  const name = `${wanted.page}/${wanted.words.join("/")}`;
  if (shownPage !== null && shownPage !== name && !stay) {
    heading.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  } else if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  shownPage = name;
  document.documentElement.dataset.ready = "no";
  requestAnimationFrame(() => requestAnimationFrame(() => drawing.then(() => { document.documentElement.dataset.ready = "yes"; })));
}

window.addEventListener("hashchange", () => show());
show();
