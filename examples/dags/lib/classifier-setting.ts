// Which classifiers the example compares, and with what settings.

/** One classifier to train. Plain data: it is an argument of a mapped task. */
export type ClassifierSetting =
  | { readonly kind: "tree"; readonly maxDepth: number }
  | { readonly kind: "forest"; readonly trees: number; readonly seed: number }
  | { readonly kind: "neighbours"; readonly k: number }
  | { readonly kind: "logistic"; readonly steps: number };

/** The classifiers to compare; `trees` is the size of the larger forest, at least 1. */
export function listClassifierSettings({
  trees,
  seed,
}: {
  trees: number;
  seed: number;
}): ClassifierSetting[] {
  return [
    { kind: "tree", maxDepth: 1 },
    { kind: "tree", maxDepth: 3 },
    { kind: "neighbours", k: 1 },
    { kind: "neighbours", k: 5 },
    { kind: "neighbours", k: 15 },
    { kind: "logistic", steps: 500 },
    { kind: "logistic", steps: 2_000 },
    { kind: "forest", trees: 25, seed },
    { kind: "forest", trees, seed },
  ];
}

/** How a setting is called in the report. */
export function nameSetting(setting: ClassifierSetting): string {
  switch (setting.kind) {
    case "tree":
      return `tree, depth ${setting.maxDepth}`;
    case "forest":
      return `forest, ${setting.trees} trees`;
    case "neighbours":
      return setting.k === 1 ? "nearest neighbour" : `${setting.k} nearest neighbours`;
    case "logistic":
      return `logistic, ${setting.steps} steps`;
  }
}
