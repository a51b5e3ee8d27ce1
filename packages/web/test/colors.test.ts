// The colours of pages: texts and marks can be told from what is behind them, in both themes (WCAG 2.2). States can be
// told from each other with any of the three kinds of colour blindness: bars of instances have no shapes.

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const css = readFileSync(new URL("../src/theme/tokens.css", import.meta.url), "utf8");
const COLORS = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name = "", ...both]) => [
    name,
    both,
  ]),
);

type Triple = readonly [number, number, number];

/**
 * Colours as they are seen, in linear sRGB: Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation
 * of Color Vision Deficiency", IEEE TVCG 15(6), 2009, at severity 1.
 */
const SIGHTS: Readonly<Record<string, readonly [Triple, Triple, Triple]>> = {
  usual: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** The least distance of two states in OKLab, where about 0.02 can just be noticed. */
const LEAST_DISTANCE = 0.06;

/** The parts of `#rrggbb` in linear sRGB, from 0 to 1. */
function linear(color: string): Triple {
  const part = (at: number): number => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [part(1), part(3), part(5)];
}

const dot = (row: Triple, [a, b, c]: Triple): number => row[0] * a + row[1] * b + row[2] * c;

/** A colour in OKLab, after Ottosson, "A perceptual color space for image processing", 2020. */
function oklab(rgb: Triple): Triple {
  const cones: Triple = [
    Math.cbrt(dot([0.4122214708, 0.5363325363, 0.0514459929], rgb)),
    Math.cbrt(dot([0.2119034982, 0.6806995451, 0.1073969566], rgb)),
    Math.cbrt(dot([0.0883024619, 0.2817188376, 0.6299787005], rgb)),
  ];
  return [
    dot([0.2104542553, 0.793617785, -0.0040720468], cones),
    dot([1.9779984951, -2.428592205, 0.4505937099], cones),
    dot([0.0259040371, 0.7827717662, -0.808675766], cones),
  ];
}

/** A colour in OKLab as it is seen. */
function seen(color: string, sight: string): Triple {
  const rgb = linear(color);
  const [red, green, blue] = (SIGHTS[sight] ?? []).map((row) => Math.min(1, Math.max(0, dot(row, rgb))));
  return oklab([red ?? 0, green ?? 0, blue ?? 0]);
}

/** The relative luminance of `#rrggbb`, as WCAG defines it. */
function luminance(color: string): number {
  return dot([0.2126, 0.7152, 0.0722], linear(color));
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

it("tells red from green in the usual sight alone", () => {
  const distance = (sight: string): number =>
    Math.hypot(...seen("#d03030", sight).map((part, at) => part - (seen("#5f8a20", sight)[at] ?? 0)));
  expect(distance("usual")).toBeGreaterThan(0.2);
  expect(distance("deuteranopia")).toBeLessThan(distance("usual") / 2);
});

it.each(["light", "dark"].flatMap((theme) => Object.keys(SIGHTS).map((sight) => [theme, sight] as const)))(
  "has states that differ from each other in the %s theme with %s",
  (theme, sight) => {
    const at = theme === "light" ? 0 : 1;
    const states = MARKS.map((name) => ({ name, color: seen(COLORS.get(name)?.[at] ?? "none", sight) }));
    const close = states.flatMap((one, index) =>
      states.slice(index + 1).flatMap((other) => {
        const distance = Math.hypot(...one.color.map((part, axis) => part - (other.color[axis] ?? 0)));
        return distance >= LEAST_DISTANCE ? [] : [`${one.name} and ${other.name}: ${distance.toFixed(3)}`];
      }),
    );
    expect(close).toEqual([]);
  },
);
