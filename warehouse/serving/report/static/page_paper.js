// The whole report under one heading, to be printed or kept as one PDF.
const ON_PAPER = ["", "network", "leadership", "units", "data", "about"];

function paperPage(choice) {
  return [
    el("h1", { tabindex: "-1" }, t("whole_report")),
    el("p", { class: "lead on-screen" }, t("whole_report_why")),
    el("p", { class: "on-screen" }, el("button", { type: "button", class: "save", onclick: () => window.print() }, t("print"))),
    ON_PAPER.map((page) => asPart(page || "overview", PAGES[page](choice))),
  ];
}

/** A page as a part of another: headings one level lower, ids that nothing else on the page has. */
function asPart(name, page) {
  const whole = el("div", { class: "part" }, page);
  for (const level of [3, 2, 1]) {
    for (const heading of whole.querySelectorAll(`h${level}`)) {
      const lower = el(`h${level + 1}`, {}, ...heading.childNodes);
      if (heading.id) lower.id = heading.id;
      heading.replaceWith(lower);
    }
  }
  for (const node of whole.querySelectorAll("section, section > [id]")) {
    if (node.id) node.id = `${name}-${node.id}`;
    node.removeAttribute("aria-labelledby"); // so many landmarks would be no help
  }
  for (const article of whole.querySelectorAll("article[id]")) article.id = `${name}-${article.id}`;
  return whole;
}
