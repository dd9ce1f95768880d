"use strict";
// The theme that the reader chose on any page, else the system's; set before the page is painted.
{
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const known = (theme) => (["light", "dark"].includes(theme) ? theme : null);  // other pages keep what they like there
  const kept = () => { try { return known(localStorage.getItem("theme")); } catch { return null; } };
  const set = (theme) => { document.documentElement.dataset.theme = theme; };
  set(kept() || (dark.matches ? "dark" : "light"));
  dark.addEventListener("change", (event) => set(event.matches ? "dark" : "light"));
  addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme")?.addEventListener("click", () => {
      set(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
      const chosen = document.documentElement.dataset.theme;
      try { localStorage.setItem("theme", chosen); } catch { /* a browser that keeps nothing */ }
    });
  });
}
