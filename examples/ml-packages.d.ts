// The parts of the ml-* packages without types that the examples use.

declare module "ml-cart" {
  export class DecisionTreeClassifier {
    constructor(options: { readonly maxDepth: number });
    train(rows: number[][], labels: number[]): void;
    predict(rows: number[][]): number[];
    static load(model: unknown): DecisionTreeClassifier;
  }
}

declare module "ml-knn" {
  class KNN {
    constructor(rows: number[][], labels: number[], options: { readonly k: number });
    predict(rows: number[][]): number[];
    static load(model: unknown): KNN;
  }
  export { KNN as default };
}

declare module "ml-logistic-regression" {
  import type { Matrix } from "ml-matrix";
  class LogisticRegression {
    constructor(options: { readonly numSteps: number; readonly learningRate: number });
    train(rows: Matrix, labels: Matrix): void;
    predict(rows: Matrix): number[];
    static load(model: unknown): LogisticRegression;
  }
  export { LogisticRegression as default };
}
