// The explorer of runs: choices, their state in the address, and what they show.

const MOST_SINGLE_RUNS = 60;
const MOST_RATES = 10;
const DEFAULTS = ["gain_db", "training_loss", "validation_loss", "training_error", "validation_error"];
const GROUPS = ["network", "rate", "seed", "quantity"];
let brushed = null;

function defaultQuantities() {
  const { quantities } = data.explorer;
  const found = DEFAULTS.map((key) => quantities.findIndex((quantity) => quantity.key === key)).filter((number) => number >= 0);
  return found.length ? found : quantities.slice(0, 3).map((_, number) => number);
}

const choices = () => find("#choices");
const chosen = (group) => findAll(`[data-group=${group}] input:checked`).map((input) => input.value);
const dataset = () => data.explorer.datasets[choices().dataset.value];
const runsOfDataset = () => data.explorer.runs.filter((run) => run.key[0] === dataset().name && run.key[1] === dataset().data);

function fillGroup(group, values, labels, isChosen) {
  const legend = find("legend", find(`[data-group=${group}]`));
  const boxes = values.map((value, place) => {
    const box = make("input", { type: "checkbox", name: group, value });
    box.checked = isChosen(value);
    return make("label", {}, box, " ", make("bdi", {}, labels[place]));
  });
  find(`[data-group=${group}]`).replaceChildren(legend, ...boxes);
}

/** Offers what the chosen data set has; `wanted(group)` is a list of values, or null for all. */
function fillChoices(wanted) {
  const runs = runsOfDataset();
  const unique = (values) => [...new Set(values)];
  const { quantities } = data.explorer;
  const offered = {
    network: unique(runs.map((run) => run.key[2])),
    rate: unique(runs.map((run) => run.key[3])).sort((a, b) => a - b),
    seed: unique(runs.map((run) => run.seed)).sort((a, b) => a - b),
    quantity: quantities.map((quantity) => quantity.key),
  };
  const standard = defaultQuantities().map((number) => quantities[number].key);
  for (const group of GROUPS) {
    const labels = group === "quantity" ? quantities.map((quantity) => quantity.title) : offered[group];
    const list = wanted(group) ?? (group === "quantity" ? standard : group === "rate" ? spread(offered.rate) : offered[group]);
    fillGroup(group, offered[group], labels, (value) => list.includes(value));
  }
  find("[data-group=seed]").hidden = data.explorer.bands;
  const last = Math.max(...runs.map((run) => run.epochs.at(-1)));
  for (const name of ["from", "to"]) choices()[name].max = last;
  choices().to.placeholder = last;
  choices().from.placeholder = 1;
}

/** All of a few, or a few from the first to the last. */
function spread(values) {
  const step = (values.length - 1) / (MOST_RATES - 1);
  return values.length <= MOST_RATES ? values : Array.from({ length: MOST_RATES }, (_, place) => values[Math.round(place * step)]);
}

function readState() {
  const form = choices();
  const number = (input, otherwise) => (input.value === "" ? otherwise : Number(input.value));
  return {
    mode: data.explorer.bands ? "band" : form.mode.value,
    logx: form.logx.checked,
    logy: form.logy.checked,
    from: number(form.from, 1),
    to: number(form.to, Infinity),
  };
}

/** The fragment that says everything that differs from what a fresh page shows. */
function fragment() {
  const form = choices();
  const words = new URLSearchParams({ dataset: dataset().name, data: dataset().data });
  for (const group of GROUPS) for (const value of chosen(group)) words.append(group, value);
  words.set("mode", form.mode.value);
  for (const name of ["logx", "logy"]) if (form[name].checked) words.set(name, "1");
  for (const name of ["from", "to"]) if (form[name].value) words.set(name, form[name].value);
  return `#explore?${words}`;
}

function fragmentOfExperiment(settings) {
  const [name, label] = settings[0].key;
  const words = new URLSearchParams({ dataset: name, data: label });
  const own = settings.filter((one) => one.key[0] === name && one.key[1] === label);
  for (const network of new Set(own.map((one) => one.key[2]))) words.append("network", network);
  for (const rate of new Set(own.map((one) => one.key[3]))) words.append("rate", rate);
  return `#explore?${words}`;
}

/** Sets the choices from a fragment; what it does not know is left as a fresh page has it. */
function restoreExplorer(hash) {
  if (!data.explorer) return;
  const words = new URLSearchParams(hash.slice(hash.indexOf("?") + 1));
  const form = choices();
  const found = data.explorer.datasets.findIndex((one) => one.name === words.get("dataset") && (!words.has("data") || one.data === words.get("data")));
  form.dataset.value = String(Math.max(0, found));
  if (["band", "single"].includes(words.get("mode"))) form.mode.value = words.get("mode");
  for (const name of ["logx", "logy"]) form[name].checked = words.get(name) === "1";
  for (const name of ["from", "to"]) form[name].value = /^\d+$/.test(words.get(name) ?? "") ? words.get(name) : "";
  fillChoices((group) => (words.has(group) ? words.getAll(group) : null));
  showExplorer();
}

function selectRuns() {
  const [networks, rates, seeds] = ["network", "rate", "seed"].map(chosen);
  const runs = runsOfDataset().filter((run) => networks.includes(run.key[2]) && rates.includes(run.key[3]) && seeds.includes(run.seed));
  const nameNetwork = networks.length > 1;
  const order = (a, b) => networks.indexOf(a.key[2]) - networks.indexOf(b.key[2]) || rates.indexOf(a.key[3]) - rates.indexOf(b.key[3]);
  return runs
    .map((run) => ({ ...run, series: nameNetwork ? `${run.key[2]}, rate ${run.key[3]}` : `rate ${run.key[3]}` }))
    .sort(order);
}

function showExplorer() {
  const state = readState();
  const runs = selectRuns();
  const quantities = chosen("quantity").map((key) => data.explorer.quantities.findIndex((one) => one.key === key));
  const series = [...new Set(runs.map((run) => run.series))];
  const tooMany = state.mode === "single" && runs.length > MOST_SINGLE_RUNS;
  if (tooMany) state.mode = "band";
  const label = dataset().data + (dataset().stand_in ? " (stand-in data)" : "");
  const seeds = data.explorer.bands ? "bands over all seeds" : `${runs.length} runs`;
  const how = state.mode === "band" ? "line: median over the seeds, band: their range" : "each run a line";
  const caption = [
    `${label}: ${series.length} settings, ${seeds}, ${quantities.length} quantities over the epochs; ${how}.`,
    tooMany ? ` More than ${MOST_SINGLE_RUNS} runs are drawn as bands, not as single lines.` : "",
    " Gaps are epochs whose value is not finite (a run that diverged, a network that died).",
  ].join("");
  find("#explorer-caption").textContent = caption;
  find("#explorer-mark").hidden = !dataset().stand_in;
  describeEnds(runs, quantities, series, state);
  const chart = find("#explorer-chart");
  if (!runs.length || !quantities.length) {
    drawn.delete(chart);
    chart.replaceChildren(make("p", { class: "note" }, "Nothing is chosen: choose at least one network, rate, seed and quantity that were run together."));
    return;
  }
  const describe = (width) => explorerSpec(runs, quantities, series, state, [label, how], width);
  draw(chart, describe, { onView: listenToBrush });
}

function describeEnds(runs, quantities, series, state) {
  const rows = series.map((name) => {
    const own = runs.filter((run) => run.series === name);
    return [name, ...quantities.map((number) => rangeAtEnd(own, number, state))];
  });
  fillTable(find("#explorer-table"), ["Setting", ...quantities.map((number) => data.explorer.quantities[number].title)], rows);
}

function rangeAtEnd(runs, number, state) {
  const values = runs.flatMap((run) => {
    const place = run.epochs.findLastIndex((epoch) => epoch <= state.to);
    return place < 0 ? [] : run.values[number].map((part) => part[place]);
  }).filter((value) => value !== null);
  if (!values.length) return "none";
  const [low, high] = [Math.min(...values), Math.max(...values)].map(shortNumber);
  return low === high ? low : `${low} to ${high}`;
}

function listenToBrush(view) {
  view.addSignalListener("brush", (_, value) => (brushed = value.epoch ?? null));
  view.addEventListener("dblclick", () => setEpochs("", ""));
}

function setEpochs(from, to) {
  choices().from.value = from;
  choices().to.value = to;
  changed();
}

function changed() {
  history.replaceState(null, "", fragment());
  showExplorer();
}

function setUpExplorer() {
  if (!data.explorer) return;
  const form = choices();
  data.explorer.datasets.forEach((one, number) => {
    const text = `${one.name}: ${one.data}${one.stand_in ? " (stand-in data)" : ""}`;
    form.dataset.append(make("option", { value: number }, text));
  });
  form.mode.closest("label").hidden = data.explorer.bands;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => {
    if (event.target.name === "dataset") {
      form.from.value = form.to.value = "";
      fillChoices(() => null);
    }
    changed();
  });
  // A drag ends wherever the pointer is let go, outside of the chart too.
  window.addEventListener("pointerup", () => {
    if (brushed && brushed[1] - brushed[0] > 0.5) setEpochs(Math.max(1, Math.round(brushed[0])), Math.round(brushed[1]));
    brushed = null;
  });
  find("#whole").addEventListener("click", () => setEpochs("", ""));
  find("#copy").addEventListener("click", async () => {
    history.replaceState(null, "", fragment());
    try {
      await navigator.clipboard.writeText(location.href);
      find("#copied").textContent = "Copied.";
    } catch {
      find("#copied").textContent = "The address is in the address bar.";
    }
  });
  fillChoices(() => null);
  showExplorer();
}
