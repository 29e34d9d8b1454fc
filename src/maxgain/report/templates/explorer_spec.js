// The explorer's panels as one Vega-Lite specification: a panel a quantity, epochs shared.

/** Rows for Vega-Lite: epoch, series, seed, and per quantity its value (and its band's ends). */
function explorerRows(runs, quantities, state) {
  const rows = [];
  for (const run of runs) {
    run.epochs.forEach((epoch, place) => {
      if (epoch < state.from || epoch > state.to) return;
      const row = { epoch, series: run.series, seed: run.seed };
      for (const number of quantities) {
        const [low, middle = low, high = low] = run.values[number].map((values) => values[place]);
        Object.assign(row, { [`low${number}`]: low, [`q${number}`]: middle, [`high${number}`]: high });
      }
      rows.push(row);
    });
  }
  return rows;
}

const isPositive = (quantity) => /(loss|error)$/.test(quantity.key);

function panel(number, place, width, series, state) {
  const quantity = data.explorer.quantities[number];
  const log = state.logy && isPositive(quantity);
  const field = `q${number}`;
  const scale = log ? { type: "log" } : { zero: false };
  const axis = log ? { tickCount: 4, format: "~g" } : {};
  const y = (name, aggregate) => ({ field: name, type: "quantitative", title: quantity.title, scale, axis, ...(aggregate && { aggregate }) });
  const band = state.mode === "band";
  const middle = band ? y(field, "median") : y(field);
  const colour = { field: "series", type: "nominal", sort: null, title: null, scale: { scheme: series.length > 10 ? "tableau20" : "tableau10" } };
  const faded = (opacity) => ({ condition: { param: "shown", value: opacity }, value: 0.05 });
  const drawnRows = log ? `isValid(datum.${field}) && datum.low${number} > 0` : `isValid(datum.${field})`;
  const value = (name, title, aggregate) => ({ field: name, type: "quantitative", title, format: ".5~g", ...(aggregate && { aggregate }) });
  // Vega-Lite loses plain texts in the tooltip of the nearest point; a format of our own keeps them.
  const text = (name) => ({ field: name, type: "nominal", format: "text", formatType: "asText" });
  const tooltip = [
    text("series"),
    { field: "epoch", type: "quantitative" },
    ...(band
      ? [value(field, `${quantity.title}, median`, "median"), value(`low${number}`, "least", "min"), value(`high${number}`, "greatest", "max")]
      : [text("seed"), value(field, quantity.title)]),
  ];
  const detail = band ? [] : [{ field: "seed", type: "nominal" }];
  const bandLayer = {
    mark: { type: "area", tooltip: false },
    encoding: { y: y(`low${number}`, "min"), y2: { field: `high${number}`, aggregate: "max" }, opacity: faded(0.22) },
  };
  return {
    width,
    height: 210,
    transform: [{ filter: drawnRows }],
    encoding: {
      x: { field: "epoch", type: "quantitative", title: "epoch", axis: { tickMinStep: 1, format: "d" }, scale: { nice: false, ...(state.logx ? { type: "log" } : { zero: false }) } },
      color: colour,
    },
    layer: [
      ...(band ? [bandLayer] : []),
      { name: `lines${place}`, mark: { type: "line", strokeWidth: band ? 2 : 1.3 }, encoding: { y: middle, detail, opacity: faded(band ? 1 : 0.8) } },
      {
        name: `points${place}`,
        mark: { type: "point", filled: true, size: 36 },
        encoding: { y: middle, detail, tooltip, opacity: { condition: { param: "hover", empty: false, value: 1 }, value: 0 } },
      },
    ],
  };
}

/** A text in lines that fit a width in pixels; seven a letter. */
function linesOf(text, width) {
  const lines = [""];
  for (const word of text.split(" ")) {
    if (lines.at(-1) && lines.at(-1).length + word.length > width / 7.5) lines.push("");
    lines.push(`${lines.pop()} ${word}`.trim());
  }
  return lines;
}

/** The whole specification for a width in pixels. */
function explorerSpec(runs, quantities, series, state, title, totalWidth) {
  const columns = totalWidth < 620 ? 1 : totalWidth < 1000 ? 2 : 3;
  const width = Math.floor(totalWidth / columns) - 75;
  const views = (kind) => quantities.map((_, place) => `${kind}${place}`);
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description: title.join(". "),
    title: { text: linesOf(title[0], totalWidth), subtitle: linesOf(title[1], totalWidth) },
    data: { values: explorerRows(runs, quantities, state) },
    params: [
      { name: "shown", select: { type: "point", fields: ["series"], toggle: "true" }, bind: "legend", views: views("lines") },
      { name: "brush", select: { type: "interval", encodings: ["x"] }, views: views("lines") },
      { name: "hover", select: { type: "point", fields: ["epoch"], nearest: true, on: "pointermove", clear: "pointerout" }, views: views("points") },
    ],
    concat: quantities.map((number, place) => panel(number, place, width, series, state)),
    columns,
    config: { customFormatTypes: true, legend: { orient: "bottom", columns: Math.max(1, Math.floor(totalWidth / 240)), symbolLimit: 200, symbolType: "stroke", symbolOpacity: 1 } },
  };
}
