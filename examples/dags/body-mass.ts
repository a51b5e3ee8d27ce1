// How much does a penguin of that flipper weigh? Fits a line for each species, in Python.

import { parse } from "csv-parse/sync";
import { Dag } from "memodag";
import { cleanPenguins, type PenguinRow } from "./lib/clean-penguins.ts";
import { describeDataFile, readDataFile, type DataFile } from "./lib/data-file.ts";
import { SPECIES } from "./lib/penguin.ts";

/** A straight line through the penguins of a species. */
interface FittedLine {
  readonly species: string;
  readonly penguins: number;
  readonly gramsPerMm: number;
  /** The share of the variance that the line explains, from 0 to 1. */
  readonly r2: number;
}

export const dag = new Dag("body-mass", {
  description: "Fits body mass to flipper length for each species, in Python",
  tags: ["example", "python"],
});

const load = dag.task(
  "load",
  async (file: DataFile) => cleanPenguins(parse(await readDataFile(file), { columns: true }) as PenguinRow[]),
  { cache: { excludeInputs: ["path"], trust: ["file_reads"] } },
);

// The script's text is in the key. The version of Python is not: name it where it matters.
const fit = dag.command<FittedLine>("fit", {
  command: ["python3", "scripts/fit_line.py"],
  sources: ["scripts/fit_line.py"],
  executionTimeout: "1m",
  cache: { version: "python 3" },
});

const steepest = dag.task(
  "steepest",
  ({ lines }: { lines: readonly FittedLine[] }) =>
    lines.toSorted((a, b) => b.gramsPerMm - a.gramsPerMm).map(({ species }) => species),
  { cache: true },
);

const penguins = load(describeDataFile("@observablehq/sample-datasets", "penguins.csv"));
steepest({ lines: fit.partial({ penguins }).expand({ species: [...SPECIES] }) });
