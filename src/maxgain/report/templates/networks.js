// The ImageNet networks: the chart's points choose the network whose picture is shown.

function chooseNetwork(name) {
  const list = find("#network-choice");
  if (!list || !findAll("option", list).some((option) => option.value === name)) return;
  list.value = name;
  for (const figure of findAll("[data-network]")) figure.hidden = figure.dataset.network !== name;
}

function setUpNetworks() {
  const list = find("#network-choice");
  list?.addEventListener("change", () => chooseNetwork(list.value));
  if (!data.networks) return;
  const describe = (width) => {
    const columns = width < 640 ? 1 : data.networks.columns;
    const spec = structuredClone(data.networks);
    spec.columns = columns;
    spec.spec.width = Math.floor((width - 60) / columns) - 25;
    return { ...spec, config: { legend: { orient: "bottom", columns: Math.max(1, Math.floor(width / 200)) } } };
  };
  const onView = (view) => view.addEventListener("click", (_, item) => chooseNetwork(item?.datum?.name));
  draw(find("#networks-chart"), describe, { bind: find("#networks-choices"), onView });
}
