// One bar for each classifier: right answers in the test, with a mark for cross-validation.

import type { Evaluation } from "./evaluation.ts";
import type { Frame } from "./scatter-plot.ts";
import { element, text, type Svg } from "./svg.ts";

/** Bars start here: every classifier does better, and the differences are small. */
const AXIS_START = 0.6;

/** The evaluations from best to worst in the test; the chosen one is in a stronger colour. */
export function accuracyBars(evaluations: readonly Evaluation[], best: Evaluation, frame: Frame): Svg {
  const { left, top, width, height } = frame;
  const step = height / evaluations.length;
  const across = (share: number): number => Math.max(0, (share - AXIS_START) / (1 - AXIS_START)) * width;
  const bars = evaluations
    .toSorted((a, b) => b.testAccuracy - a.testAccuracy)
    .map((evaluation, index) => {
      const y = top + index * step;
      const fill = evaluation.name === best.name ? "#1a7f37" : "#8c959f";
      const mark = left + across(evaluation.validatedAccuracy);
      return element(
        "g",
        {},
        text(left - 8, y + step * 0.6, evaluation.name, { "text-anchor": "end" }),
        element("rect", {
          x: left,
          y: y + 3,
          width: across(evaluation.testAccuracy),
          height: step - 6,
          fill,
        }),
        element("line", {
          x1: mark,
          x2: mark,
          y1: y + 1,
          y2: y + step - 1,
          stroke: "#24292f",
          "stroke-width": 2,
        }),
        text(left + width + 8, y + step * 0.6, `${(evaluation.testAccuracy * 100).toFixed(1)} %`),
      );
    });
  return element("g", {}, ...bars, text(left, top + height + 18, `bars start at ${AXIS_START * 100} %`));
}
