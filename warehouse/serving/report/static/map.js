// The map: units on a ring, with the lines between them, and a slider through time.
function networkSpec(choice, told, width) {
  const order = CONTENT.around[choice.boundary];
  const narrow = width < 620;
  const height = narrow ? Math.max(340, order.length * 22) : Math.max(460, order.length * 24);
  const room = narrow ? Math.min(126, width * 0.36) : 190;
  const rx = Math.max(40, width / 2 - room);
  const ry = height / 2 - 34;
  const place = new Map(
    order.map((unit, n) => {
      const angle = (2 * Math.PI * (n + 0.5)) / order.length - Math.PI / 2;
      return [
        unit,
        {
          x: width / 2 + rx * Math.cos(angle),
          y: height / 2 + ry * Math.sin(angle),
          cos: Math.cos(angle),
          sin: Math.sin(angle),
        },
      ];
    }),
  );
  const most = Math.max(1, ...told.map((edge) => edge.weight ?? 0));
  const drawn = told
    .filter((edge) => place.has(edge.unit) && place.has(edge.other))
    .map((edge) => {
      const [a, b] = [place.get(edge.unit), place.get(edge.other)];
      const sure = Math.max(1.5, (narrow ? 9 : 14) * Math.sqrt((edge.weight ?? 0) / most));
      return {
        x: a.x,
        y: a.y,
        x2: b.x,
        y2: b.y,
        mx: a.x + (b.x - a.x) * 0.38,
        my: a.y + (b.y - a.y) * 0.38,
        state: edge.state,
        sign: LOOK[edge.state].sign,
        width: edge.hidden ? 1.3 : edge.weight > 0 ? sure : 2.5,
        tip: `${edge.name}: ${t(`state_${edge.state}`)}${edge.hidden ? ` (${reasonName(edge.reason)})` : `, ${t("weight_is", { value: showNumber(edge.weight) })}`}`,
        href: lineHash(edge.unit, edge.other),
        weight: edge.weight ?? 0,
        faint: edge.hidden || edge.state === "closed",
      };
    })
    .sort((a, b) => Number(b.faint) - Number(a.faint) || b.width - a.width);
  const nodes = order.map((unit) => {
    const { x, y, cos, sin } = place.get(unit);
    const upright = Math.abs(cos) < 0.05; // else neighbours would be written over each other
    return {
      x,
      y,
      label: shortName(unit),
      href: unitHash(unit),
      tx: x + (upright ? 0 : Math.sign(cos) * 14),
      ty: y + Math.sign(sin) * (upright ? 18 : Math.abs(sin) > 0.7 ? 12 : 0),
      align: upright ? "center" : cos > 0 ? "left" : "right",
    };
  });
  const scale = {
    x: { type: "quantitative", scale: { domain: [0, width], nice: false, zero: false }, axis: null },
    y: { type: "quantitative", scale: { domain: [height, 0], nice: false, zero: false }, axis: null },
  };
  const x = (field) => ({ field, ...scale.x });
  const y = (field) => ({ field, ...scale.y });
  const colour = {
    field: "state",
    type: "nominal",
    legend: null,
    scale: { domain: NAMES, range: NAMES.map((name) => LOOK[name].colour) },
  };
  const dash = {
    field: "state",
    type: "nominal",
    legend: null,
    scale: { domain: NAMES, range: NAMES.map((name) => LOOK[name].dash) },
  };
  const ends = { x: x("x"), y: y("y"), x2: { field: "x2" }, y2: { field: "y2" } };
  const thick = { field: "width", type: "quantitative", scale: null };
  const labels = (align, halo) => ({
    data: { values: nodes.filter((node) => node.align === align) },
    mark: {
      type: "text",
      align,
      baseline: "middle",
      fontSize: narrow ? 11 : 14,
      color: halo ? "#fff" : INK,
      ...(halo ? { stroke: "#fff", strokeWidth: 4 } : {}),
      limit: room - 12,
      cursor: "pointer",
    },
    encoding: { x: x("tx"), y: y("ty"), text: { field: "label" } },
  });
  const signed = { values: drawn.filter((edge) => edge.sign) };
  const signs = [
    {
      data: signed,
      mark: { type: "circle", size: 300, color: "#fff", opacity: 1, strokeWidth: 1.5 },
      encoding: { x: x("mx"), y: y("my"), stroke: colour },
    },
    {
      data: signed,
      mark: { type: "text", fontSize: 12, fontWeight: "bold", baseline: "middle" },
      encoding: { x: x("mx"), y: y("my"), text: { field: "sign" }, color: colour },
    },
  ];
  return {
    width,
    height,
    autosize: { type: "none" },
    padding: 0,
    layer: [
      {
        data: { values: drawn },
        mark: { type: "rule", opacity: 0.88 },
        encoding: { ...ends, color: colour, strokeDash: dash, strokeWidth: thick },
      },
      ...signs,
      {
        data: { values: drawn },
        mark: { type: "rule", opacity: 0, strokeWidth: 14, cursor: "pointer" },
        encoding: { ...ends, tooltip: { field: "tip", type: "nominal" } },
      },
      {
        data: { values: nodes },
        mark: {
          type: "circle",
          size: 150,
          color: INK,
          opacity: 1,
          stroke: "#fff",
          strokeWidth: 2,
          cursor: "pointer",
        },
        encoding: { x: x("x"), y: y("y"), tooltip: { field: "label", type: "nominal" } },
      },
      ...["left", "right", "center"].flatMap((align) => [labels(align, true), labels(align, false)]),
    ],
  };
}

/** Map with a slider over time. */
function network(choice) {
  const grain = choice.grain;
  const judged = PERIODS[grain].filter((period) =>
    lines(grain, choice).some((line) => line.states[period.at]),
  );
  // Before the first whole period lines have no state, but may have a weight.
  const periods = judged.length ? judged : PERIODS[grain].filter((period) => edges(choice, grain, period.at).length);
  if (!periods.length) return el("p", {}, t("no_lines"));
  const inside = within(choice.period, grain);
  let step = Math.max(
    0,
    periods.findIndex((one) => one === inside[inside.length - 1]),
  );
  if (step < 0 || !periods.includes(inside[inside.length - 1])) step = periods.length - 1;
  const id = fresh("time");
  const place = el("div", { class: "chart map", role: "img" });
  const says = el("p", { class: "says", "aria-live": "polite" });
  const output = el("output", { for: id });
  const table = el("div", {});
  const slider = el("input", {
    type: "range",
    id,
    min: "0",
    max: String(periods.length - 1),
    step: "1",
    value: String(step),
  });
  const move = (by) => () => {
    slider.value = String(Number(slider.value) + by);
    show();
  };
  let last = "";
  function show() {
    const period = periods[Number(slider.value)];
    const told = edges(choice, grain, period.at);
    const wanted = `${period.name}/${place.clientWidth}`;
    if (wanted === last) return;
    last = wanted;
    output.textContent = period.label;
    slider.setAttribute("aria-valuetext", period.label);
    says.textContent = networkSentence(told, period);
    place.setAttribute("aria-label", says.textContent);
    table.replaceChildren(
      behind(
        t("lines_in", { period: period.label }),
        EDGE_COLUMNS(),
        [...told].sort((a, b) => (b.weight ?? -1) - (a.weight ?? -1)),
      ),
    );
    draw(place, networkSpec(choice, told, Math.max(280, place.clientWidth))).then((view) =>
      view?.addEventListener("click", (event, item) => {
        if (item?.datum?.href) location.hash = item.datum.href;
      }),
    );
  }
  slider.addEventListener("input", show);
  requestAnimationFrame(show);
  new ResizeObserver(() => place.isConnected && requestAnimationFrame(show)).observe(place);
  return el(
    "figure",
    { class: "network" },
    el(
      "div",
      { class: "slider" },
      el("label", { for: id }, t("time")),
      el("button", { type: "button", "aria-label": t("earlier"), onclick: move(-1) }, "‹"),
      slider,
      el("button", { type: "button", "aria-label": t("later"), onclick: move(1) }, "›"),
      output,
    ),
    el("figcaption", {}, says),
    place,
    stateLegend(),
    table,
  );
}
