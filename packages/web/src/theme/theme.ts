// The theme: the system's, or the one that the user chose. `public/theme.js` applies the choice before the first paint.

const KEY = "memodag-theme";

/** A theme, or the system's. */
export type ThemeChoice = "light" | "dark" | "system";

/** Returns the choice of this browser. */
export function readTheme(): ThemeChoice {
  const chosen = localStorage.getItem(KEY);
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

/** Applies and keeps a choice. */
export function chooseTheme(choice: ThemeChoice): void {
  if (choice === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, choice);
  const { dataset } = document.documentElement;
  if (choice === "system") delete dataset["theme"];
  else dataset["theme"] = choice;
  window.dispatchEvent(new Event("themechange"));
}

/** Calls the listener when colours change, by a choice or by the system. Returns a function that ends this. */
export function onThemeChange(listener: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  window.addEventListener("themechange", listener);
  system.addEventListener("change", listener);
  return () => {
    window.removeEventListener("themechange", listener);
    system.removeEventListener("change", listener);
  };
}

/** Resolves CSS colours, such as `var(--line)`, to those that a canvas can paint with. */
export function resolveColors(colors: readonly string[]): string[] {
  const probe = document.createElement("i");
  document.body.append(probe);
  const resolved = colors.map((color) => {
    probe.style.color = color;
    return getComputedStyle(probe).color;
  });
  probe.remove();
  return resolved;
}
