// Colours, the fragment of the address, and the start of everything.

function setUpTheme() {
  const button = find("#theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const show = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", isDark() ? "Light colours" : "Dark colours");
    redraw();
  };
  button.removeAttribute("aria-pressed");
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    show();
  });
  system.addEventListener("change", show);
  show();
}

/** The address's fragment as text; as it stands where it is not well encoded. */
function readFragment() {
  const hash = location.hash.slice(1);
  try {
    return hash.startsWith("explore?") ? hash : decodeURIComponent(hash);
  } catch {
    return hash;
  }
}

function followFragment() {
  const hash = readFragment();
  for (const dialog of findAll("dialog[open]")) dialog.close();
  if (hash.startsWith("explore?")) {
    restoreExplorer(hash);
    find("#explore").scrollIntoView();
  } else if (hash.startsWith("claim-")) {
    openClaim(hash);
  } else {
    const details = document.getElementById(hash)?.closest("details");
    if (details) {
      details.open = true;
      details.scrollIntoView();
    }
  }
}

function setUpRegrets() {
  if (!data.regrets) return;
  draw(find("#regrets-chart"), (width) => ({ ...data.regrets, width: Math.max(120, width - 240) }));
}

setUpTheme();
setUpClaims();
setUpExplorer();
setUpNetworks();
setUpRegrets();
window.addEventListener("hashchange", followFragment);
if (location.hash) followFragment();
