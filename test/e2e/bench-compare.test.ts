import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const RUN = fileURLToPath(new URL("../../bench/run.ts", import.meta.url));

const time = (name: string, ratio: number, floor: number) => measured(name, "ms", ratio, floor);
const rate = (name: string, ratio: number) => measured(name, "entries/s", ratio, 1);

function measured(name: string, unit: string, ratio: number | null, floor: number | null): object {
  return { name, unit, value: (ratio ?? 1) * (floor ?? 1), floor, ratio, goal: null, ok: true };
}

describe("the comparison of benchmarks", () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "memodag-bench-compare-"))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function compare(
    before: readonly object[],
    after: readonly object[],
  ): { code: number | null; rows: object } {
    for (const [name, measurements] of [
      ["before.json", before],
      ["after.json", after],
    ] as const)
      writeFileSync(join(folder, name), JSON.stringify({ machine: {}, benchmarks: { some: measurements } }));
    const env = { ...process.env, INIT_CWD: folder };
    const args = [RUN, "compare", "before.json", "after.json", "--json"];
    const { status, stdout } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
    const rows = stdout.trim().split("\n");
    const verdicts = rows.map((line) => JSON.parse(line) as { name: string; verdict: string });
    return { code: status, rows: Object.fromEntries(verdicts.map(({ name, verdict }) => [name, verdict])) };
  }

  it("judges ratios to floors: a slower machine alone makes nothing worse", () => {
    const before = [time("up", 2, 1), time("noise", 2, 1), time("down", 2.5, 1), rate("less", 0.5)];
    const after = [time("up", 2.5, 10), time("noise", 2.3, 10), time("down", 2, 10), rate("less", 0.4)];
    expect(compare(before, after)).toEqual({
      code: 1,
      rows: { up: "worse", noise: "same", down: "better", less: "worse" },
    });
  });

  it("names what one run alone has, and what has no floor; neither is worse", () => {
    const before = [time("old", 1, 1), rate("more", 0.4), measured("plain", "ms", null, null)];
    const after = [time("new", 9, 1), rate("more", 0.6), measured("plain", "ms", null, null)];
    expect(compare(before, after)).toEqual({
      code: 0,
      rows: { old: "gone", new: "new", more: "better", plain: "no floor" },
    });
  });
});

describe("the results that are kept", () => {
  const folder = join(dirname(RUN), "results");
  const kept = globSync("*.json", { cwd: folder }).map((name) => join(folder, name));

  it("can be compared, and name no machine and no user", () => {
    expect(kept.length).toBeGreaterThan(0);
    for (const path of kept) {
      expect(readFileSync(path, "utf8")).not.toMatch(/\/(?:home|root|tmp|work|Users)\b|host/);
      const { status, stdout } = spawnSync(process.execPath, [RUN, "compare", path, path], {
        encoding: "utf8",
      });
      expect(status).toBe(0);
      expect(stdout.split("\n").length).toBeGreaterThan(5);
    }
  });
});
