import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import type { HarnessReport } from "./support/mutation-harness.ts";

const FLAGS = ["--conditions=source", "--experimental-vm-modules", "--no-warnings"];

describe("mutations of a project", { timeout: 300_000 }, () => {
  let report: HarnessReport;

  beforeAll(async () => {
    const script = fileURLToPath(new URL("./support/mutation-process.ts", import.meta.url));
    const project = fileURLToPath(new URL("./fixtures/project", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, script, project], {
      maxBuffer: 64 * 1024 * 1024,
    });
    report = JSON.parse(stdout) as HarnessReport;
  }, 300_000);

  test("a changed output always has a changed hash", () => {
    const { slice } = report.counts;
    expect(slice!.affected).toBeGreaterThan(200);
    expect(slice!.wrongHits).toEqual([]);
  });

  test("few hashes change for nothing, and none by formatting, comments, types or another task's body", () => {
    const { slice, wholeBundle } = report.counts;
    const percent = (needless: number, unaffected: number): string =>
      `${((100 * needless) / unaffected).toFixed(1)} %`;
    console.log(
      `${report.mutants} mutants, ${report.tasks} tasks: ${slice!.affected} outputs changed, ` +
        `${slice!.wrongHits.length} wrong hits; ${slice!.needless} of ${slice!.unaffected} hashes changed for nothing ` +
        `(${percent(slice!.needless, slice!.unaffected)}; of the whole bundle ` +
        `${percent(wholeBundle!.needless, wholeBundle!.unaffected)})`,
    );
    expect(slice!.forbidden).toEqual([]);
    expect(slice!.needless / slice!.unaffected).toBeLessThan(0.15);
  });

  test("the harness catches a hasher that sees the handler alone, and one that leaves statements out", () => {
    const { handlerText, withoutStatements, wholeBundle } = report.counts;
    expect(handlerText!.wrongHits.length).toBeGreaterThan(100);
    expect(handlerText!.wrongHits.join("\n")).toContain("etl.tidy after lib/clean.ts");
    for (const attack of ["patch.ts", "alias.ts", "registry.ts", "looped.ts"]) {
      expect(withoutStatements!.wrongHits.join("\n")).toContain(`after lib/${attack}`);
    }
    expect(wholeBundle!.wrongHits).toEqual([]);
    expect(wholeBundle!.forbidden).not.toEqual([]);
  });
});
