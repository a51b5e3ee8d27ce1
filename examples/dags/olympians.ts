// Athletes of the Olympic games into a SQLite file: extract, check, branch, load. Only what computes is cached.

import { parse } from "csv-parse/sync";
import { Dag, getContext, param } from "memodag";
import { checkAthletes, type Athlete, type AthleteRow } from "./lib/athlete.ts";
import { countStored, storeAthletes, storeGaps } from "./lib/athlete-store.ts";
import { describeDataFile, readDataFile, type DataFile } from "./lib/data-file.ts";

/**
 * Params: the `database` to load into, relative to this folder, and `tolerated`, the largest share of rows with
 * gaps to load anything at all.
 */
export const dag = new Dag("olympians", {
  description: "Loads the athletes of the 2016 games into SQLite",
  params: {
    database: param({ default: "../../.memodag/olympians.db", schema: { type: "string", minLength: 1 } }),
    tolerated: param({ default: 0.1, schema: { type: "number", minimum: 0, maximum: 1 } }),
  },
  tags: ["example", "etl"],
});

const extract = dag.taskGroup("extract");

const read = extract.task(
  "read",
  async (file: DataFile) => parse(await readDataFile(file), { columns: true }) as AthleteRow[],
  { cache: { excludeInputs: ["path"], trust: ["file_reads"] } },
);

const check = extract.task("check", ({ rows }: { rows: readonly AthleteRow[] }) => checkAthletes(rows), {
  cache: true,
});

const isUsable = dag.task(
  "is_usable",
  ({ share }: { share: number }) => share <= (getContext().params["tolerated"] as number),
  { cache: { includeInputs: ["params.tolerated"] } },
);

// Loading is not cached: a hit would write nothing, and a database that was deleted would stay away. It can be
// repeated instead, after a failure, too: a row that is there is replaced, and a transaction is whole or not at all.
const load = dag.taskGroup("load");

const loadAthletes = load.task(
  "athletes",
  ({ athletes }: { athletes: readonly Athlete[] }) => storeAthletes(databasePath(), athletes),
  { retries: 2 },
);

const loadGaps = load.task(
  "gaps",
  ({ gaps }: { gaps: readonly AthleteRow[] }) => storeGaps(databasePath(), gaps),
  { retries: 2 },
);

const hold = dag.task("hold", ({ share }: { share: number }) => {
  getContext().log.warn(`${(share * 100).toFixed(1)} % of the rows have gaps: nothing is loaded`);
  return share;
});

// Not cached either: it tells what is in a file that others may change.
const report = dag.task("report", () => countStored(databasePath()), {
  triggerRule: "none_failed_min_one_success",
});

const checked = check({ rows: read(describeDataFile("@observablehq/sample-datasets", "olympians.csv")) });
loadAthletes({ athletes: checked.field("athletes") });
loadGaps({ gaps: checked.field("gaps") });
const held = hold({ share: checked.field("share") });

dag
  .if(isUsable({ share: checked.field("share") }))
  .then(load)
  .else(held);
report().after(load, held);

function databasePath(): string {
  return getContext().params["database"] as string;
}
