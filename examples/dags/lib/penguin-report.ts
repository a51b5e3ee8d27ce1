// The end of the Dag: what was found, in figures and as a picture.

import { accuracyBars } from "./accuracy-bars.ts";
import { bestEvaluation, scoreSpecies, type Evaluation, type SpeciesScore } from "./evaluation.ts";
import { SPECIES, type Penguin, type Species } from "./penguin.ts";
import { scatterPlot, SPECIES_COLORS } from "./scatter-plot.ts";
import { element, svgDocument, text, type Svg } from "./svg.ts";

/** The report. The picture is part of the value, so that a remembered report has its picture too. */
export interface PenguinReport {
  readonly best: string;
  readonly validatedAccuracy: number;
  readonly testAccuracy: number;
  readonly score: SpeciesScore;
  /** A whole SVG document. */
  readonly svg: string;
}

/** Chooses the best classifier and shows how it does, above all on one species. */
export function reportPenguins(
  evaluations: readonly Evaluation[],
  testing: readonly Penguin[],
  species: Species,
): PenguinReport {
  const best = bestEvaluation(evaluations);
  const score = scoreSpecies(best, species);
  return {
    best: best.name,
    validatedAccuracy: best.validatedAccuracy,
    testAccuracy: best.testAccuracy,
    score,
    svg: drawReport(evaluations, best, score, testing),
  };
}

function drawReport(
  evaluations: readonly Evaluation[],
  best: Evaluation,
  { species, precision, recall }: SpeciesScore,
  testing: readonly Penguin[],
): Svg {
  const wrong = testing.filter((penguin, index) => penguin.species !== best.answers[index]).length;
  const found = `${species}: precision ${percent(precision)}, recall ${percent(recall)}`;
  return svgDocument(
    1040,
    440,
    text(24, 34, `Penguins told apart by: ${best.name}`, { "font-size": 20, "font-weight": "bold" }),
    text(24, 58, `${wrong} of ${testing.length} penguins wrong (ringed). ${found}.`),
    scatterPlot(
      { penguins: testing, answers: best.answers, highlighted: species },
      { left: 90, top: 80, width: 430, height: 300 },
    ),
    ...SPECIES.map((name, index) => legendEntry(name, 90 + index * 130, 424)),
    accuracyBars(evaluations, best, { left: 700, top: 80, width: 250, height: 300 }),
    text(700, 424, "line: cross-validation on the training part"),
  );
}

function legendEntry(species: Species, x: number, y: number): Svg {
  return (
    element("circle", { cx: x + 5, cy: y - 4, r: 5, fill: SPECIES_COLORS[species] }) +
    text(x + 16, y, species)
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
