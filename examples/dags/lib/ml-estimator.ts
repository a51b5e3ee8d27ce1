// The four ml-* classifiers behind one pair of functions, with models as plain JSON.

import { DecisionTreeClassifier } from "ml-cart";
import KNN from "ml-knn";
import LogisticRegression from "ml-logistic-regression";
import { Matrix } from "ml-matrix";
import { RandomForestClassifier } from "ml-random-forest";
import type { ClassifierSetting } from "./classifier-setting.ts";

/** The output of a library's `toJSON`: opaque JSON that the same library can load again. */
export type ModelJson = unknown;

/** Trains the classifier of `setting` on scaled rows and their class numbers. */
export function trainEstimator(setting: ClassifierSetting, rows: number[][], labels: number[]): ModelJson {
  return toPlainJson(train(setting, rows, labels));
}

/** Returns the class numbers that a trained model predicts for scaled rows. */
export function predictLabels(kind: ClassifierSetting["kind"], model: ModelJson, rows: number[][]): number[] {
  switch (kind) {
    case "tree":
      return DecisionTreeClassifier.load(model).predict(rows);
    case "forest":
      return RandomForestClassifier.load(model as Parameters<typeof RandomForestClassifier.load>[0]).predict(
        rows,
      );
    case "neighbours":
      return KNN.load(model).predict(rows);
    case "logistic":
      return LogisticRegression.load(model).predict(new Matrix(rows));
  }
}

function train(setting: ClassifierSetting, rows: number[][], labels: number[]): unknown {
  switch (setting.kind) {
    case "tree": {
      const tree = new DecisionTreeClassifier({ maxDepth: setting.maxDepth });
      tree.train(rows, labels);
      return tree;
    }
    case "forest": {
      const { trees, seed } = setting;
      const options = { nEstimators: trees, seed, maxFeatures: 2, replacement: false, noOOB: true };
      const forest = new RandomForestClassifier(options);
      forest.train(rows, labels);
      return forest;
    }
    case "neighbours":
      return new KNN(rows, labels, { k: setting.k });
    case "logistic": {
      const logistic = new LogisticRegression({ numSteps: setting.steps, learningRate: 5e-3 });
      logistic.train(new Matrix(rows), Matrix.columnVector(labels));
      return logistic;
    }
  }
}

// The libraries' models contain class instances, but task results must be JSON.
function toPlainJson(model: unknown): ModelJson {
  return JSON.parse(JSON.stringify(model)) as ModelJson;
}
