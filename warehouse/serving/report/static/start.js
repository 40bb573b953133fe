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
  paper: paperPage,
};
let shownPage = null;

function show() {
  const { page, words, ...choice } = parsed();
  current = choice;
  const focused = document.activeElement?.id;
  const nothing = !current.period || !CONTENT.boundaries.length;
  const main = el("main", { id: "main" }, nothing ? emptyPage() : PAGES[page](current, ...words));
  document.getElementById("app").replaceChildren(nothing ? "" : head(page), main, foot(nothing));
  if (!nothing) document.documentElement.style.setProperty("--paper-foot", paperFoot());
  const heading = main.querySelector("h1");
  document.title = `${heading.textContent} · ${t("report")} · ${CONTENT.publication.network}`;
  const name = [page, ...words].join("/");
  const part = ["unit", "line", "measures"].includes(page) ? null : words.length ? document.getElementById(words[0]) : null;
  if (part && shownPage !== name) {
    part.tabIndex = -1;
    part.focus();
    part.scrollIntoView();
  } else if (shownPage !== null && shownPage !== name) {
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

/** What stands at the foot of each sheet of paper. */
function paperFoot() {
  const text = `${CONTENT.publication.network} · ${chosen()} · ${t("report")}, ${showDay(CONTENT.publication.published_at.slice(0, 10))}`;
  return `"${text.replace(/["\\\n\r]/g, " ")}"`;
}

function emptyPage() {
  return [el("h1", { tabindex: "-1" }, CONTENT.publication.network), el("p", { class: "lead" }, t("nothing_published"))];
}

function foot(nothing) {
  const { published_at: made, data_last_day: last } = CONTENT.publication;
  return el("footer", {},
    el("p", {}, t("footer", { day: showDay(made.slice(0, 10)), last: showDay(last) })),
    el("p", { class: "buttons" },
      el("button", { type: "button", class: "save", onclick: () => window.print() }, t("print")),
      nothing ? null : link(t("whole_report"), pageHash("paper"))));
}

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address is the page's own
  document.querySelector("h1").focus();
});
window.addEventListener("hashchange", show);
show();
