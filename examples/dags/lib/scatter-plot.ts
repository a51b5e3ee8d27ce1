// A scatter plot of penguins by bill and flipper length, coloured by species, with a ring around wrong
// predictions.

import type { Penguin, Species } from "./penguin.ts";
import { element, text, type Svg } from "./svg.ts";

/** Colours that are distinguishable with any colour vision (Okabe and Ito). */
export const SPECIES_COLORS: Readonly<Record<Species, string>> = {
  Adelie: "#e69f00",
  Chinstrap: "#cc79a7",
  Gentoo: "#0072b2",
};

/** Position of a plot, in pixels. */
export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The data to plot. `answers` are the predictions for `penguins`, by index. */
export interface ScatterInput {
  readonly penguins: readonly Penguin[];
  readonly answers: readonly Species[];
  /** Drawn in full colour; other species are pale. */
  readonly highlighted: Species;
}

/** Draws bill length on the x axis and flipper length on the y axis. */
export function scatterPlot({ penguins, answers, highlighted }: ScatterInput, frame: Frame): Svg {
  const { left, top, width, height } = frame;
  const x = linear(
    penguins.map((penguin) => penguin.billLengthMm),
    left,
    left + width,
  );
  const y = linear(
    penguins.map((penguin) => penguin.flipperLengthMm),
    top + height,
    top,
  );
  const points = penguins.map((penguin, index) => {
    const at = { cx: x.at(penguin.billLengthMm), cy: y.at(penguin.flipperLengthMm) };
    const fill = SPECIES_COLORS[penguin.species];
    const dot = element("circle", { ...at, r: 4, fill, opacity: penguin.species === highlighted ? 1 : 0.35 });
    if (answers[index] === penguin.species) return dot;
    return dot + element("circle", { ...at, r: 8, fill: "none", stroke: "#d1242f", "stroke-width": 2 });
  });
  return element(
    "g",
    {},
    element("rect", { x: left, y: top, width, height, fill: "#f6f8fa", stroke: "#d0d7de" }),
    text(left, top + height + 18, `${x.low} mm`),
    text(left + width / 2, top + height + 18, "bill length", { "text-anchor": "middle" }),
    text(left + width, top + height + 18, `${x.high} mm`, { "text-anchor": "end" }),
    text(left - 8, top + height, `${y.low} mm`, { "text-anchor": "end" }),
    text(left - 8, top + height / 2, "flipper", { "text-anchor": "end" }),
    text(left - 8, top + 12, `${y.high} mm`, { "text-anchor": "end" }),
    ...points,
  );
}

function linear(values: readonly number[], from: number, to: number) {
  const low = Math.floor(Math.min(...values)) - 1;
  const high = Math.ceil(Math.max(...values)) + 1;
  return { low, high, at: (value: number): number => from + ((value - low) / (high - low)) * (to - from) };
}
