import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { HarnessReport } from "./support/mutation-harness.ts";

const FLAGS = ["--conditions=source", "--experimental-vm-modules", "--no-warnings"];
/** Of so many mutants, one is tried. */
const EVERY = 12;

test.each([
  // Written after the rules, and unlike the projects that these were tried on.
  { projects: "of ten styles", folder: "styles", affected: 20 },
  { projects: "held out", folder: "styles-held-out", affected: 5 },
])(
  "in projects $projects no hash stays where an output changes, and few change for nothing",
  async ({ folder, affected }) => {
    const script = fileURLToPath(new URL("./support/style-process.ts", import.meta.url));
    const root = fileURLToPath(new URL(`./fixtures/${folder}`, import.meta.url));
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
    expect(sum((count) => count.affected)).toBeGreaterThan(affected);
    expect(sum(({ needless }) => needless) / sum(({ unaffected }) => unaffected)).toBeLessThan(0.2);
  },
);
