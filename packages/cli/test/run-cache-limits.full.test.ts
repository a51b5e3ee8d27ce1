// `dags run --cache-ttl` and `--no-cached-errors`: what a run takes from the cache, and what the commands say of it.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Project } from "./project.ts";

describe("dags run --cache-ttl, --no-cached-errors", () => {
  let project: Project;
  beforeAll(async () => {
    project = new Project();
    await project.run("dags", "run", "shapes", "--until", "draw");
  });
  afterAll(() => project.remove());

  it("runs what is older, and says so", async () => {
    const text = "Not used in this run: results older than 1ms (--cache-ttl).";
    const { code, stdout } = await project.run(
      "dags",
      "run",
      "shapes",
      "--cache-ttl",
      "1ms",
      "--until",
      "draw",
    );
    expect([code, stdout]).toEqual([0, expect.stringContaining(text)]);
    expect((await project.run("runs", "show", "shapes", "latest")).stdout).toContain(text);
    const report: unknown = await project.json("runs", "show", "shapes", "latest");
    expect(report).toMatchObject({ cacheLimits: { ttlMs: 1 }, cache: { hit: 0, populated: 3 } });
    const explained = await project.run("cache", "explain", "shapes", "latest", "draw", "--map-index", "0");
    expect(explained.stdout).toContain(
      "draw[0] missed: its entry was older than the --cache-ttl of its run.",
    );
  });

  it("takes what is younger, and results beside failures", async () => {
    const limits = ["--cache-ttl", "2h", "--no-cached-errors"];
    const report: unknown = await project.json("dags", "run", "shapes", ...limits, "--until", "draw");
    expect(report).toMatchObject({ cacheLimits: { ttlMs: 7_200_000, errors: false }, cache: { hit: 3 } });
    const made = await project.json<{ runId: string }>("dags", "trigger", "shapes", ...limits);
    const shown: unknown = await project.json("runs", "show", "shapes", made.runId);
    expect(shown).toMatchObject({ cacheLimits: { ttlMs: 7_200_000, errors: false } });
  });

  it("refreshes the tasks that are named", async () => {
    const refresh = ["--refresh-task", "draw", "--refresh-task", "draw"];
    const report: unknown = await project.json("dags", "run", "shapes", ...refresh, "--until", "draw");
    expect(report).toMatchObject({ cacheLimits: { refresh: ["draw"] }, cache: { hit: 0, skipped: 3 } });
    const text = "Not used in this run: results of draw (--refresh-task).";
    expect((await project.run("runs", "show", "shapes", "latest")).stdout).toContain(text);
  });

  it.each([
    [["--refresh-task", "nothing"], 'has no task "nothing"'],
    [["--refresh-task", "draw", "--refresh-cache"], "remove --refresh-task, or --refresh-cache"],
    [["--cache-ttl", "2h", "--no-cache"], "remove --cache-ttl, or --no-cache"],
    [
      ["--cache-ttl", "2h", "--no-cached-errors", "--refresh-cache"],
      "remove --cache-ttl and --no-cached-errors, or --refresh-cache",
    ],
    [["--cache-ttl", "2h", "--resume"], "remove --cache-ttl, or --resume"],
    [["--cache-ttl", "soon"], "--cache-ttl"],
    [["--cache-ttl", "0s"], "use --refresh-cache"],
  ])("refuses %s", async (options, message) => {
    const { code, stderr } = await project.run("dags", "run", "shapes", ...options);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});
