// npm run bench -- NAME [--json] [--save FILE]: runs bench/NAME and prints what it measured.
// npm run bench -- compare OLD NEW [--json]: compares two saved files.

import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { compareResults, printComparison } from "./harness/compare-results.ts";
import { printMeasurement, type Benchmark, type Measurement } from "./harness/measurement.ts";
import { readResults, saveResults } from "./harness/saved-results.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean" }, save: { type: "string" } },
});
// npm starts scripts in the root of the repository; files are named from where the user is.
const origin = process.env["INIT_CWD"] ?? process.cwd();
const [name, ...rest] = positionals;
const known = readdirSync(import.meta.dirname).filter((entry) =>
  existsSync(join(import.meta.dirname, entry, "benchmark.ts")),
);
const asJson = values.json === true;
if (name === "compare" && rest.length === 2) {
  const [before, after] = rest.map((path) => readResults(resolve(origin, path))) as [
    Measurement[],
    Measurement[],
  ];
  const rows = compareResults(before, after);
  printComparison(rows, asJson);
  if (rows.some(({ verdict }) => verdict === "worse")) process.exitCode = 1;
} else if (name !== undefined && known.includes(name) && rest.length === 0) {
  const { benchmark } = (await import(`./${name}/benchmark.ts`)) as { benchmark: Benchmark };
  const measured: Measurement[] = [];
  await benchmark((measurement) => {
    measured.push(measurement);
    printMeasurement(measurement, asJson);
  });
  if (values.save !== undefined) saveResults(resolve(origin, values.save), name, measured);
} else {
  process.stderr.write(
    `usage: npm run bench -- NAME [--json] [--save FILE], with NAME one of ${known.join(", ")}\n` +
      "       npm run bench -- compare OLD NEW [--json]\n",
  );
  process.exitCode = 2;
}
