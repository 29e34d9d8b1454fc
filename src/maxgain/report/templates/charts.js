// Drawing with Vega-Lite in the page's colours; drawn again when colours or width change.

const drawn = new Map();

function chartColours() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const text = { labelColor: colour("ink"), titleColor: colour("ink") };
  return {
    background: null,
    font: "system-ui, sans-serif",
    view: { stroke: colour("line") },
    axis: { ...text, gridColor: colour("line"), domainColor: colour("quiet"), tickColor: colour("quiet"), titleFontWeight: 500 },
    legend: { ...text, labelLimit: 260 },
    header: text,
    title: { color: colour("ink"), subtitleColor: colour("quiet"), anchor: "start" },
    rule: { color: colour("quiet") },
    point: { color: colour("link") },
  };
}

/** Draws what `describe(width)` specifies into an element; resolves to Vega's view. */
async function draw(element, describe, options = {}) {
  drawn.set(element, { describe, options, width: element.clientWidth });
  const embedded = await vegaEmbed(element, describe(Math.max(element.clientWidth, 240)), {
    mode: "vega-lite",
    renderer: "canvas",
    config: chartColours(),
    actions: { export: true, source: false, compiled: false, editor: false },
    tooltip: { theme: "custom" },
    expressionFunctions: { asText: (value) => String(value) },
    ...options,
  });
  find("summary", element)?.setAttribute("aria-label", "Save this picture");
  if (options.onView) options.onView(embedded.view);
  return embedded.view;
}

function redraw() {
  for (const [element, { describe, options }] of drawn) draw(element, describe, options);
}

let waiting;
window.addEventListener("resize", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    for (const [element, { describe, options, width }] of drawn) {
      if (element.clientWidth !== width) draw(element, describe, options);
    }
  }, 150);
});
