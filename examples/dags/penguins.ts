// Compares classifiers of the species of Palmer penguins: real data, real training.

import { parse } from "csv-parse/sync";
import { Dag, getContext, param } from "memodag";
import { trainClassifier, type Classifier } from "./lib/classifier.ts";
import { listClassifierSettings, type ClassifierSetting } from "./lib/classifier-setting.ts";
import { cleanPenguins, type PenguinRow } from "./lib/clean-penguins.ts";
import { describeDataFile, readDataFile, type DataFile } from "./lib/data-file.ts";
import { evaluateClassifier, type Evaluation } from "./lib/evaluation.ts";
import { SPECIES, type Penguin, type Species } from "./lib/penguin.ts";
import { reportPenguins } from "./lib/penguin-report.ts";
import { splitPenguins } from "./lib/split-penguins.ts";

/** The params of a run. */
interface Params {
  /** Seed of all random choices. */
  readonly seed: number;
  /** Number of trees in the larger forest. */
  readonly trees: number;
  /** The species that the report highlights. */
  readonly species: Species;
}

// Params are checked against their schemas before a run is created, so tasks need not check them again.
export const dag = new Dag("penguins", {
  description: "Compares classifiers on the Palmer penguins",
  params: {
    seed: param({ default: 7, schema: { type: "integer", minimum: 0 } }),
    trees: param({ default: 100, schema: { type: "integer", minimum: 1 } }),
    species: param({ default: "Chinstrap", schema: { enum: [...SPECIES] } }),
  },
  tags: ["example", "ml"],
});

const params = (): Params => getContext().params as unknown as Params;

// The key contains the digest of the file instead of its path, so a copy elsewhere is the same input.
// Reading the file is therefore vouched for; without `trust`, the result would not be stored.
const load = dag.task(
  "load",
  async (file: DataFile) => parse(await readDataFile(file), { columns: true }) as PenguinRow[],
  { cache: { excludeInputs: ["path"], trust: ["file_reads"] }, retries: 1 },
);

const clean = dag.task("clean", ({ rows }: { rows: readonly PenguinRow[] }) => cleanPenguins(rows), {
  cache: true,
});

// A cached task declares the properties of its run that it reads. They become part of its key.
const split = dag.task(
  "split",
  ({ penguins }: { penguins: readonly Penguin[] }) => splitPenguins(penguins, params().seed),
  { cache: { includeInputs: ["params.seed"] } },
);

const settings = dag.task(
  "settings",
  () => {
    const { seed, trees } = params();
    return listClassifierSettings({ seed, trees });
  },
  { cache: { includeInputs: ["params.seed", "params.trees"] } },
);

const train = dag.task(
  "train",
  ({ penguins, setting }: { penguins: readonly Penguin[]; setting: ClassifierSetting }) =>
    trainClassifier(setting, penguins),
  { cache: { ttl: "30d" } },
);

const evaluate = dag.task(
  "evaluate",
  ({ penguins, classifier }: { penguins: readonly Penguin[]; classifier: Classifier }) =>
    evaluateClassifier(classifier, penguins),
  { cache: true },
);

const report = dag.task(
  "report",
  ({ evaluations, penguins }: { evaluations: readonly Evaluation[]; penguins: readonly Penguin[] }) =>
    reportPenguins(evaluations, penguins, params().species),
  { cache: { includeInputs: ["params.species"] } },
);

const file = describeDataFile("@observablehq/sample-datasets", "penguins.csv");
const parts = split({ penguins: clean({ rows: load(file) }) });

// One instance per setting, cached by its setting and not its position: if one setting changes, one
// classifier is trained again.
const classifiers = train.partial({ penguins: parts.field("training") }).expand({ setting: settings() });
const evaluations = evaluate
  .partial({ penguins: parts.field("testing") })
  .expand({ classifier: classifiers });

report({ evaluations, penguins: parts.field("testing") });
