// Small pieces of page. Text goes in as text, never as HTML.
function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "class") node.className = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return node;
}

function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

let lastNumber = 0;
function fresh(prefix) {
  lastNumber += 1;
  return `${prefix}-${lastNumber}`;
}

function link(text, hash, attributes = {}) {
  return el("a", { href: hash, ...attributes }, text);
}

/** A word with its meaning: shown while the pointer or the keyboard is on it, gone with Escape. */
function term(text, meaning) {
  const id = fresh("meaning");
  const button = el("button", { type: "button", class: "term", "aria-describedby": id }, text);
  const tip = el("span", { role: "tooltip", id, class: "meaning" }, meaning);
  const whole = el("span", { class: "with-meaning" }, button, tip);
  const hide = (event) => event.key === "Escape" && whole.classList.add("hushed");
  whole.addEventListener("keydown", hide);
  whole.addEventListener("mouseenter", () => {
    whole.classList.remove("hushed");
    document.addEventListener("keydown", hide);
  });
  whole.addEventListener("mouseleave", () => document.removeEventListener("keydown", hide));
  button.addEventListener("focus", () => whole.classList.remove("hushed"));
  return whole;
}

function metricTerm(metric, text = metric.title) {
  const direction = t(`direction_${["up", "down"].includes(metric.direction) ? metric.direction : "context"}`);
  return term(text, `${metric.definition} ${direction}`);
}

function stateTerm(state) {
  return term(t(`state_${state}`), t(`state_${state}_means`));
}

function section(id, title, ...children) {
  return el("section", { "aria-labelledby": id }, el("h2", { id }, title), ...children);
}
