// The table of verdicts: filter, sort, open.

const claimRows = findAll("#claims tbody tr");

function filterClaims() {
  const form = find("#claim-filters");
  const words = form.words.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of claimRows) {
    const text = row.textContent.toLowerCase();
    const fits =
      words.every((word) => text.includes(word)) &&
      ["verdict", "section"].every((name) => !form[name].value || form[name].value === row.dataset[name]);
    row.hidden = !fits;
    shown += fits;
  }
  find("#claim-count").textContent = `${shown} of ${claimRows.length} claims`;
}

function sortClaims(head) {
  const { sort } = head.dataset;
  const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of findAll("#claims th")) other.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
  const numeric = ["id", "effect", "seeds"].includes(sort);
  const order = (first, second) => {
    const [a, b] = [first.dataset[sort], second.dataset[sort]];
    if (!numeric) return sign * a.localeCompare(b);
    // What has no value comes last in either order.
    if (Number.isNaN(+a) || Number.isNaN(+b)) return Number.isNaN(+a) - Number.isNaN(+b);
    return sign * (a - b);
  };
  find("#claims tbody").append(...[...claimRows].sort(order));
}

/** What each run behind the claim ended with, from the explorer's own data. */
function fillSeeds(dialog) {
  const place = find(".seeds", dialog);
  const tables = dialog.dataset.tables.split(" ");
  if (place.childElementCount || !data.explorer) return;
  const all = tables.includes("curves");
  const settings = data.explorer.settings.filter((one) => all || one.experiments.some((name) => tables.includes(name)));
  if (!settings.length) return;
  const keys = new Set(settings.map((one) => JSON.stringify(one.key)));
  const runs = data.explorer.runs.filter((run) => keys.has(JSON.stringify(run.key)));
  const quantities = defaultQuantities();
  const rows = runs.slice(0, 200).map((run) => [
    run.key[2], run.key[3], data.explorer.bands ? "all" : run.seed, run.epochs.at(-1),
    ...quantities.map((number) => shortNumber(run.values[number][data.explorer.bands ? 1 : 0].at(-1))),
  ]);
  const table = make("table");
  const heads = ["Network", "Learning rate", "Seed", "Epochs", ...quantities.map((number) => data.explorer.quantities[number].title)];
  fillTable(table, heads, rows);
  const link = make("a", { href: fragmentOfExperiment(settings) }, "See these runs in the explorer");
  place.append(
    make("h3", {}, "Every run of its experiment at its last epoch"),
    make("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Runs, seed by seed" }, table),
    make("p", {}, runs.length > 200 ? `The first 200 of ${runs.length} runs. ` : "", link),
  );
}

function fillPictures(dialog) {
  for (const figure of findAll("[data-picture]", dialog)) {
    if (find("img", figure)) continue;
    const source = find("img", document.getElementById(figure.dataset.picture));
    figure.prepend(make("img", { src: source.src, alt: source.alt }));
  }
}

function openClaim(id) {
  const dialog = document.getElementById(id);
  if (!(dialog instanceof HTMLDialogElement) || dialog.open) return;
  fillSeeds(dialog);
  fillPictures(dialog);
  dialog.showModal();
}

function setUpClaims() {
  const form = find("#claim-filters");
  if (!form) return;
  form.addEventListener("input", filterClaims);
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const head of findAll("#claims th")) find("button", head).addEventListener("click", () => sortClaims(head));
  for (const dialog of findAll("dialog")) {
    find(".close", dialog).addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("close", () => {
      if (readFragment() === dialog.id) history.replaceState(null, "", "#verdicts");
    });
  }
}
