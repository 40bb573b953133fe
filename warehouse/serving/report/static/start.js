// Shows the page that the address asks for, and goes along when the address changes.
const PAGES = {
  "": overview,
  network: networkPage,
  units: unitsPage,
  unit: unitPage,
  line: linePage,
  leadership: leadershipPage,
  measures: measuresPage,
  data: dataPage,
  about: aboutPage,
};
let shownPage = null;

function show() {
  const { page, words, ...choice } = parsed();
  current = choice;
  const focused = document.activeElement?.id;
  const nothing = !current.period || !CONTENT.boundaries.length;
  const main = el("main", { id: "main" }, nothing ? emptyPage() : PAGES[page](current, ...words));
  document.getElementById("app").replaceChildren(nothing ? "" : head(page), main, foot());
  const heading = main.querySelector("h1");
  document.title = `${heading.textContent} · ${t("report")} · ${CONTENT.publication.network}`;
  const name = [page, ...words].join("/");
  if (shownPage !== null && shownPage !== name) {
    heading.focus({ preventScroll: true }); // a screen reader says where one has come
    window.scrollTo(0, 0);
  } else if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  shownPage = name;
  tellWhenDrawn();
}

/** Says in the document when every chart stands: for tests, and for whoever prints it by machine. */
function tellWhenDrawn() {
  const { dataset } = document.documentElement;
  const twice = (then) => requestAnimationFrame(() => requestAnimationFrame(then));
  dataset.ready = "no";
  twice(() => drawing.then(() => { dataset.ready = "yes"; }));
}

function emptyPage() {
  return [el("h1", { tabindex: "-1" }, CONTENT.publication.network), el("p", { class: "lead" }, t("nothing_published"))];
}

function foot() {
  const { published_at: made, data_last_day: last } = CONTENT.publication;
  return el("footer", {},
    el("p", {}, t("footer", { day: showDay(made.slice(0, 10)), last: showDay(last) })),
    el("p", {}, el("button", { type: "button", class: "save", onclick: () => window.print() }, t("print"))));
}

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address is the page's own
  document.querySelector("h1").focus();
});
window.addEventListener("hashchange", show);
show();
