import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { HarnessReport } from "./support/mutation-harness.ts";

const FLAGS = ["--conditions=source", "--experimental-vm-modules", "--no-warnings"];
/** Of so many mutants, one is tried. */
const EVERY = 12;

test("in projects of ten styles no hash stays where an output changes, and few change for nothing", async () => {
  const script = fileURLToPath(new URL("./support/style-process.ts", import.meta.url));
  const root = fileURLToPath(new URL("./fixtures/styles", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, script, root, String(EVERY)]);
  const reports = Object.entries(JSON.parse(stdout) as Record<string, HarnessReport>);
  const lines = reports.map(([style, { counts }]) => {
    const { needless, unaffected, wrongHits } = counts["slice"]!;
    return `${style}: ${wrongHits.length} wrong, ${needless} of ${unaffected} needless`;
  });
  console.log(lines.join("\n"));
  const counts = reports.map(([, report]) => report.counts["slice"]!);
  const sum = (of: (count: (typeof counts)[number]) => number): number =>
    counts.reduce((total, count) => total + of(count), 0);
  expect(counts.flatMap(({ wrongHits }) => wrongHits)).toEqual([]);
  expect(sum(({ affected }) => affected)).toBeGreaterThan(20);
  expect(sum(({ needless }) => needless) / sum(({ unaffected }) => unaffected)).toBeLessThan(0.2);
});
