// A classifier of penguins: a scale and an estimator, trained, examined and kept as plain data.

import type { ClassifierSetting } from "./classifier-setting.ts";
import { predictLabels, trainEstimator, type ModelJson } from "./ml-estimator.ts";
import { featuresOf, labelOf, SPECIES, type Penguin, type Species } from "./penguin.ts";
import { applyScale, fitScale, type Scale } from "./scale.ts";

const FOLDS = 5;

/** A trained classifier. */
export interface Classifier {
  readonly setting: ClassifierSetting;
  /** The scale of the penguins that it learned from. */
  readonly scale: Scale;
  readonly model: ModelJson;
  /** Share of right answers in cross-validation over the training part, 0 to 1. */
  readonly validatedAccuracy: number;
}

/** Trains on all the penguins, and once more for each of five folds to see how well it generalizes. */
export function trainClassifier(setting: ClassifierSetting, penguins: readonly Penguin[]): Classifier {
  return { setting, ...fit(setting, penguins), validatedAccuracy: crossValidate(setting, penguins) };
}

/** The species that a classifier takes each penguin for. */
export function classify(
  { setting, scale, model }: Pick<Classifier, "setting" | "scale" | "model">,
  penguins: readonly Penguin[],
): Species[] {
  const labels = predictLabels(setting.kind, model, applyScale(scale, penguins.map(featuresOf)));
  return labels.map((label) => {
    const species = SPECIES[label];
    if (species === undefined) throw new Error(`The model answered with class ${label}, which is no species`);
    return species;
  });
}

function fit(setting: ClassifierSetting, penguins: readonly Penguin[]): Pick<Classifier, "scale" | "model"> {
  const rows = penguins.map(featuresOf);
  const scale = fitScale(rows);
  return { scale, model: trainEstimator(setting, applyScale(scale, rows), penguins.map(labelOf)) };
}

function crossValidate(setting: ClassifierSetting, penguins: readonly Penguin[]): number {
  let right = 0;
  for (let fold = 0; fold < FOLDS; fold++) {
    const held = penguins.filter((_, index) => index % FOLDS === fold);
    const learned = penguins.filter((_, index) => index % FOLDS !== fold);
    const answers = classify({ setting, ...fit(setting, learned) }, held);
    right += held.filter((penguin, index) => penguin.species === answers[index]).length;
  }
  return right / penguins.length;
}
