// Light, dark or as the system: the choice applies at once and is kept in the cookie that the server
// reads, so that the next page has it before its first paint.

const root = document.documentElement;
const YEAR_S = 365 * 86400;

/** Apply and keep a theme: "light", "dark" or "system". */
export function choose(theme) {
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `theme=${theme}; path=/; max-age=${YEAR_S}; samesite=lax${secure}`;
  for (const link of document.querySelectorAll("[data-theme-choice]")) {
    if (link.dataset.themeChoice === theme) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

for (const link of document.querySelectorAll("[data-theme-choice]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    choose(link.dataset.themeChoice);
  });
}
