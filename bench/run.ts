// npm run bench -- NAME [--json]: runs bench/NAME and prints what it measured.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { printMeasurement, type Benchmark } from "./harness/measurement.ts";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: "boolean" } } });
const [name] = positionals;
const known = readdirSync(import.meta.dirname).filter((entry) =>
  existsSync(join(import.meta.dirname, entry, "benchmark.ts")),
);
if (name === undefined || !known.includes(name)) {
  process.stderr.write(`usage: npm run bench -- NAME [--json], with NAME one of ${known.join(", ")}\n`);
  process.exitCode = 2;
} else {
  const { benchmark } = (await import(`./${name}/benchmark.ts`)) as { benchmark: Benchmark };
  await benchmark((measurement) => printMeasurement(measurement, values.json === true));
}
