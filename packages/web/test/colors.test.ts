// The colours of pages: texts and marks can be told from what is behind them, in both themes (WCAG 2.2).

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const css = readFileSync(new URL("../src/theme/tokens.css", import.meta.url), "utf8");
const COLORS = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name = "", ...both]) => [
    name,
    both,
  ]),
);

/** The relative luminance of `#rrggbb`, as WCAG defines it. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(first: string, second: string): number {
  const [dark = 0, light = 0] = [luminance(first), luminance(second)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const TEXTS = ["text", "text-quiet", "accent", "danger"];
const MARKS = [...COLORS.keys()].filter((name) => name.startsWith("state-"));

it.each(["light", "dark"])("can be told from what is behind them in the %s theme", (theme) => {
  const at = theme === "light" ? 0 : 1;
  const colorOf = (name: string): string => COLORS.get(name)?.[at] ?? "none";
  const faint = [
    ...TEXTS.map((name) => [name, 4.5] as const),
    ...MARKS.map((name) => [name, 3] as const),
  ].flatMap(([name, least]) =>
    ["ground", "raised", "sunken"].flatMap((behind) => {
      const value = contrast(colorOf(name), colorOf(behind));
      return value >= least ? [] : [`${name} on ${behind}: ${value.toFixed(2)}`];
    }),
  );
  expect(faint).toEqual([]);
  expect(MARKS).toHaveLength(7);
  expect(contrast(colorOf("accent-text"), colorOf("accent"))).toBeGreaterThanOrEqual(4.5);
});
