// Charts, drawn by Vega-Lite. Each has a title, a sentence that says the same, and its table.
const INK = "#1c2733";
const SOFT = "#5b6775";
const ACCENT = "#1f5f99";
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const CONFIG = {
  font: FONT,
  background: null,
  view: { stroke: null },
  aria: false,
  axis: {
    labelColor: SOFT,
    titleColor: SOFT,
    gridColor: "#e6eaee",
    domainColor: "#b9c2cc",
    tickColor: "#b9c2cc",
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: "normal",
  },
  axisX: { grid: false, labelAngle: 0 },
};
const LOCALE =
  LANGUAGE === "nl"
    ? { decimal: ",", thousands: ".", grouping: [3], currency: ["€ ", ""] }
    : { decimal: ".", thousands: ",", grouping: [3], currency: ["€", ""] };

let drawing = Promise.resolve();

/** Draw after what is being drawn already, so that the page stays responsive; resolves with the view. */
function draw(place, spec) {
  drawing = drawing
    .then(async () => {
      if (!place.isConnected) return null;
      // The library names its marks for screen readers, badly: they get the sentence and the table instead.
      const sheet = el("div", { class: "sheet", "aria-hidden": "true" });
      place.replaceChildren(sheet);
      const whole = { $schema: "https://vega.github.io/schema/vega-lite/v6.json", ...spec, config: CONFIG };
      const made = await window.vegaEmbed(sheet, whole, {
        actions: false,
        renderer: "svg",
        ast: true, // expressions are walked, never compiled: the page's policy forbids that
        formatLocale: LOCALE,
      });
      return made.view;
    })
    .catch((error) => {
      console.error(error); // one chart that fails takes no other along
      return null;
    });
  return drawing;
}

function figure({ title, heading, caption, spec, columns, rows, ready, className }) {
  const place = el("div", { class: "chart", role: "img", "aria-label": caption });
  const whole = el(
    "figure",
    { class: className ?? null },
    title ? el("figcaption", {}, heading ?? el("h3", {}, title), el("p", { class: "says" }, caption)) : null,
    place,
    behind(title ?? caption, columns, rows),
  );
  queueMicrotask(() =>
    requestAnimationFrame(() => draw(place, spec).then((view) => view && ready?.(view, place))),
  );
  return whole;
}
