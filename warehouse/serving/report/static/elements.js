// Small pieces of page. Text goes in as text, never as HTML.
function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "class") node.className = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(
    ...children
      .flat(Infinity)
      .filter((child) => child !== null && child !== undefined && child !== false && child !== ""),
  );
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

/** A word with its meaning: shown while pointer or keyboard is on it, or when it is tapped; gone with Escape. */
function term(text, meaning) {
  const id = fresh("meaning");
  const button = el("button", { type: "button", class: "term", "aria-describedby": id }, text);
  const tip = el("span", { role: "tooltip", id, class: "meaning" }, meaning);
  const whole = el("span", { class: "with-meaning" }, button, tip);
  const escape = (event) => event.key === "Escape" && hide();
  const follow = () => putBeside(tip, button);
  function show() {
    tip.classList.add("open");
    follow();
    document.addEventListener("keydown", escape);
    document.addEventListener("scroll", follow, true);
  }
  function hide() {
    tip.classList.remove("open");
    document.removeEventListener("keydown", escape);
    document.removeEventListener("scroll", follow, true);
  }
  whole.addEventListener("mouseenter", show);
  whole.addEventListener("mouseleave", hide);
  button.addEventListener("focus", show);
  button.addEventListener("blur", hide);
  button.addEventListener("click", show); // a tap gives no focus everywhere
  tip.addEventListener("click", hide);
  return whole;
}

/** Put `tip` below `button`, or above it where there is no room, and within the window. */
function putBeside(tip, button) {
  const at = button.getBoundingClientRect();
  const { width, height } = tip.getBoundingClientRect();
  const edge = 8;
  const left = Math.max(edge, Math.min(at.left, document.documentElement.clientWidth - width - edge));
  const below = at.bottom + height + edge <= window.innerHeight || at.top < height + edge;
  tip.style.left = `${left}px`;
  tip.style.top = `${below ? at.bottom : at.top - height}px`;
}

function metricTerm(metric, text = metric.title) {
  const direction = t(
    `direction_${["up", "down"].includes(metric.direction) ? metric.direction : "context"}`,
  );
  return term(text, [metric.definition, metric.reading, direction].filter(Boolean).join(" "));
}

function stateTerm(state) {
  return term(t(`state_${state}`), t(`state_${state}_means`));
}

function section(id, title, ...children) {
  return el("section", { "aria-labelledby": id }, el("h2", { id }, title), ...children);
}
