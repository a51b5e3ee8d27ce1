// Evaluates a classifier on penguins that it was not trained on.

import { ConfusionMatrix } from "ml-confusion-matrix";
import { classify, type Classifier } from "./classifier.ts";
import { nameSetting } from "./classifier-setting.ts";
import { SPECIES, type Penguin, type Species } from "./penguin.ts";

/** The result of an evaluation. Shares are between 0 and 1. */
export interface Evaluation {
  readonly name: string;
  readonly validatedAccuracy: number;
  readonly testAccuracy: number;
  /** The predicted species of each penguin, in the order of the test set. */
  readonly answers: readonly Species[];
  /** Actual species in rows, predicted species in columns, both in the order of `SPECIES`. */
  readonly confusion: readonly (readonly number[])[];
}

/** Precision and recall of one species; 0 if undefined. */
export interface SpeciesScore {
  readonly species: Species;
  readonly precision: number;
  readonly recall: number;
}

/** Evaluates a classifier on the test set. */
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

/** Returns precision and recall of one species. */
export function scoreSpecies({ confusion }: Evaluation, species: Species): SpeciesScore {
  const matrix = new ConfusionMatrix(
    confusion.map((row) => [...row]),
    [...SPECIES],
  );
  return {
    species,
    // 0/0 if the species was never predicted or does not occur.
    precision: matrix.getPositivePredictiveValue(species) || 0,
    recall: matrix.getTruePositiveRate(species) || 0,
  };
}

/**
 * Returns the best evaluation by cross-validation, the first among equals. Never selects by the test set.
 */
export function bestEvaluation(evaluations: readonly Evaluation[]): Evaluation {
  const [first, ...others] = evaluations;
  if (first === undefined) throw new Error("There is no evaluation to choose from");
  return others.reduce(
    (best, next) => (next.validatedAccuracy > best.validatedAccuracy ? next : best),
    first,
  );
}
