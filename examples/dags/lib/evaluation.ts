// How a classifier did on penguins that it had not seen.

import { ConfusionMatrix } from "ml-confusion-matrix";
import { classify, type Classifier } from "./classifier.ts";
import { nameSetting } from "./classifier-setting.ts";
import { SPECIES, type Penguin, type Species } from "./penguin.ts";

/** The outcome of one examination. Shares are between 0 and 1. */
export interface Evaluation {
  readonly name: string;
  readonly validatedAccuracy: number;
  readonly testAccuracy: number;
  /** What each penguin was taken for, in the order of the testing part. */
  readonly answers: readonly Species[];
  /** Actual species in rows, answers in columns, both in the order of `SPECIES`. */
  readonly confusion: readonly (readonly number[])[];
}

/** Precision and recall of one species in an evaluation; 0 where nothing was found. */
export interface SpeciesScore {
  readonly species: Species;
  readonly precision: number;
  readonly recall: number;
}

/** Examines a classifier on the testing part. */
export function evaluateClassifier(classifier: Classifier, testing: readonly Penguin[]): Evaluation {
  const answers = classify(classifier, testing);
  const actual = testing.map(({ species }) => species);
  const matrix = ConfusionMatrix.fromLabels<Species>(actual, answers, { labels: [...SPECIES] });
  return {
    name: nameSetting(classifier.setting),
    validatedAccuracy: classifier.validatedAccuracy,
    testAccuracy: matrix.getAccuracy(),
    answers,
    confusion: matrix.getMatrix(),
  };
}

/** How well one species was told from the others. */
export function scoreSpecies({ confusion }: Evaluation, species: Species): SpeciesScore {
  const matrix = new ConfusionMatrix(
    confusion.map((row) => [...row]),
    [...SPECIES],
  );
  return {
    species,
    // 0/0 where the species was never answered or never there.
    precision: matrix.getPositivePredictiveValue(species) || 0,
    recall: matrix.getTruePositiveRate(species) || 0,
  };
}

/** The evaluation to trust most: best in cross-validation, the first of equals. Never chosen by the test. */
export function bestEvaluation(evaluations: readonly Evaluation[]): Evaluation {
  const [first, ...others] = evaluations;
  if (first === undefined) throw new Error("There is no evaluation to choose from");
  return others.reduce(
    (best, next) => (next.validatedAccuracy > best.validatedAccuracy ? next : best),
    first,
  );
}
