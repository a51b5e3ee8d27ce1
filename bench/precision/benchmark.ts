// How often a hash changes needlessly, and whether it ever stays the same although an output changes:
// mutants of projects in several styles, and of projects for which no rule was written.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { absolute, type Report } from "../harness/measurement.ts";

const TESTS = join(import.meta.dirname, "../../packages/source-hash/test");
const FLAGS = ["--conditions=source", "--experimental-vm-modules", "--no-warnings"];
const ALL_MUTANTS = "1";

/** The counts of one style. */
interface StyleReport {
  readonly counts: {
    readonly slice: {
      readonly affected: number;
      readonly wrongHits: readonly string[];
      readonly unaffected: number;
      readonly needless: number;
    };
  };
}

/** `npm run bench -- precision` */
export async function benchmark(report: Report): Promise<void> {
  for (const folder of ["styles", "styles-held-out"]) {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...FLAGS, join(TESTS, "support/style-process.ts"), join(TESTS, "fixtures", folder), ALL_MUTANTS],
      { maxBuffer: 256 * 2 ** 20 },
    );
    const styles = Object.entries(JSON.parse(stdout) as Readonly<Record<string, StyleReport>>);
    for (const [style, { counts }] of styles) reportShares(report, `${folder}/${style}`, [counts.slice]);
    reportShares(
      report,
      `${folder}, all`,
      styles.map(([, { counts }]) => counts.slice),
    );
  }
}

function reportShares(report: Report, name: string, counts: readonly StyleReport["counts"]["slice"][]): void {
  const sum = (of: (count: (typeof counts)[number]) => number): number =>
    counts.reduce((total, count) => total + of(count), 0);
  const wrong = (100 * sum(({ wrongHits }) => wrongHits.length)) / sum(({ affected }) => affected);
  const needless = (100 * sum((count) => count.needless)) / sum(({ unaffected }) => unaffected);
  report(absolute(`${name}: wrong`, "%", wrong, { text: "0", isMet: (share) => share === 0 }));
  report(absolute(`${name}: needless`, "%", needless, { text: "under 10 %", isMet: (share) => share < 10 }));
}
