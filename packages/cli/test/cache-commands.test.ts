import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RecordReport } from "@memodag/operations/cache";
import { Project } from "./project.ts";

describe("cache commands", () => {
  let project: Project;
  let records: RecordReport[];

  beforeAll(async () => {
    project = new Project();
    await project.run("dags", "run", "shapes");
    await project.run("dags", "run", "shapes");
    records = await project.json<RecordReport[]>("cache", "ls");
  });
  afterAll(() => project.remove());

  it("ls: the entries in the design's shape", async () => {
    expect(records).toHaveLength(4);
    expect(records.find(({ taskId }) => taskId === "sum")).toEqual({
      key: expect.stringMatching(/^[0-9a-f]{64}$/),
      team: "default",
      scope: "default",
      signature: "none",
      dagId: "shapes",
      taskId: "sum",
      sourceHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      resultDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
      sizeBytes: 2,
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      expiresAt: expect.stringMatching(/^\d{4}-.*Z$/),
      lastHitAt: expect.stringMatching(/^\d{4}-.*Z$/),
      hitCount: 1,
      durationMs: expect.any(Number),
      producer: { runId: expect.stringMatching(/^manual__/), mapIndex: -1, tryNumber: 1 },
      ageMs: expect.any(Number),
      savedMs: expect.any(Number),
    });
    expect(await project.json("cache", "ls", "--task", "draw", "--limit", "2")).toHaveLength(2);
    expect(await project.json("cache", "ls", "--task", "dr%")).toEqual([]);
    expect((await project.run("cache", "ls")).stdout).toMatch(/^KEY +DAG +TASK/);
  });

  it("ls: in the order that is asked for, and page by page", async () => {
    const listed = async (...args: string[]) =>
      (await project.json<RecordReport[]>("cache", "ls", ...args)).map(({ key }) => key);
    const keys = records.map(({ key }) => key);
    const sorted = (valueOf: (record: RecordReport) => number) =>
      records.toSorted((a, b) => valueOf(b) - valueOf(a) || (a.key < b.key ? 1 : -1)).map(({ key }) => key);
    expect(await listed("--sort", "age")).toEqual(keys);
    expect(await listed("--sort", "age", "--desc")).toEqual(keys.toReversed());
    expect(await listed("--sort", "size")).toEqual(sorted(({ sizeBytes }) => sizeBytes));
    expect(await listed("--sort", "saved")).toEqual(
      sorted(({ hitCount, durationMs }) => hitCount * durationMs),
    );
    expect(await listed("--sort", "hits", "--asc")).toEqual(sorted(({ hitCount }) => hitCount).toReversed());
    expect(await listed("--limit", "3", "--offset", "2")).toEqual(keys.slice(2));
    const page = await project.run("cache", "ls", "--limit", "3");
    expect(page.stdout.split("\n")).toHaveLength(5);
    const [, after = ""] = /^There are more: --after (\S+) shows the next\.\n$/.exec(page.stderr) ?? [];
    const next = await project.json<RecordReport[]>("cache", "ls", "--limit", "3", "--after", after);
    expect(next).toMatchObject(
      (await project.json<RecordReport[]>("cache", "ls")).slice(3).map(({ key }) => ({ key })),
    );
    expect((await project.run("cache", "ls", "--limit", "4")).stderr).toBe("");
    const wrong = await project.run("cache", "ls", "--sort", "name");
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringMatching(/age, size, hits, saved/) });
  });

  it("takes the text of a filter for what it says, in every command that takes one", async () => {
    for (const command of [["ls"], ["stats"], ["purge", "--dry-run"]]) {
      for (const [option, text] of [
        ["--dag", "shape%"],
        ["--dag", "shape_"],
        ["--task", "%"],
        ["--run", "shapes/manual%"],
        ["--team", "d_fault"],
      ] as const) {
        const { stdout } = await project.run("cache", ...command, option, text, "--json");
        const found = JSON.parse(stdout) as { entries?: unknown; wouldDelete?: number } | unknown[];
        const count = Array.isArray(found) ? found.length : (found.wouldDelete ?? found.entries);
        expect(count, `${command[0]} ${option} ${text}`).toBe(0);
      }
      const malformed = await project.run("cache", ...command, "--older-than", "a week");
      expect(malformed).toMatchObject({ code: 2, stderr: expect.stringMatching(/--older-than.*"7d"|7d/) });
      const notHex = await project.run("cache", ...command, "--key", "%");
      expect(notHex).toMatchObject({ code: 2, stderr: expect.stringMatching(/0-9 and a-f/) });
    }
  });

  it("takes a run with its Dag alone, since every Dag has a run of the same date", async () => {
    const { runId } = records[0]!.producer;
    const all = records.length;
    for (const command of [["ls"], ["stats"], ["purge", "--dry-run"]]) {
      const bare = await project.run("cache", ...command, "--run", runId);
      expect(bare).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/add --dag, or use --run DAG\//),
      });
      const counted = async (...filter: string[]) => {
        const { stdout } = await project.run("cache", ...command, ...filter, "--json");
        const found = JSON.parse(stdout) as { entries?: number; wouldDelete?: number } | unknown[];
        return Array.isArray(found) ? found.length : (found.wouldDelete ?? found.entries);
      };
      expect(await counted("--dag", "shapes", "--run", runId)).toBe(all);
      expect(await counted("--run", `shapes/${runId}`)).toBe(all);
      expect(await counted("--run", `other/${runId}`)).toBe(0);
      expect(await counted("--dag", "other", "--run", runId)).toBe(0);
      expect(await counted("--dag", "shapes", "--run", `shapes/${runId}`)).toBe(0);
    }
  });

  it("show: takes first digits, and lists keys when they are not enough", async () => {
    const { key } = records[0]!;
    expect(await project.json("cache", "show", key.slice(0, 12))).toMatchObject({
      key,
      components: { team: "default", dag: "shapes" },
      values: { return_value: expect.anything() },
    });
    expect((await project.run("cache", "show", key)).stdout).toContain("return_value = ");
    const missing = await project.run("cache", "show", "0".repeat(64), "--json");
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringMatching(/cache_key_not_found/) });
  });

  it("stats: sums by task and over all", async () => {
    const stats = await project.json<{ savedMs: number }>("cache", "stats");
    expect(stats).toMatchObject({ entries: 4, hits: 4, misses: 4, hitRate: 0.5 });
    expect(stats).toMatchObject({
      tasks: expect.arrayContaining([expect.objectContaining({ taskId: "draw", entries: 3, hits: 3 })]),
    });
    expect((await project.run("cache", "stats")).stdout).toMatch(/^all .* 50% /m);
  });

  it.each(["n\n", "\n", "\u0004"])(
    "purge: nothing goes, with 1, when who is asked answers %j",
    async (answer) => {
      // A terminal of its own, since a pipe is never asked.
      const command = `'${process.execPath}' '${project.bin}' cache purge --all`;
      const terminal = spawn("script", ["-qec", command, "/dev/null"], { cwd: project.folder });
      let said = "";
      terminal.stdout.on("data", (bytes: Buffer) => {
        const wasAsked = said.includes("[y/N]");
        said += String(bytes);
        if (!wasAsked && said.includes("[y/N]")) terminal.stdin.write(answer);
      });
      expect(await once(terminal, "close")).toEqual([1, null]);
      expect(said).toContain("Nothing was purged.");
      expect(said).not.toContain("--help");
      expect(await project.json("cache", "ls")).toHaveLength(4);
    },
  );

  it("purge: never by accident, and only what was meant", async () => {
    const bare = await project.run("cache", "purge", "--yes");
    const unasked = await project.run("cache", "purge", "--task", "sum");
    const dry = await project.run("cache", "purge", "--task", "draw", "--dry-run");
    expect(bare).toMatchObject({ code: 2, stderr: expect.stringMatching(/or --all/) });
    expect(unasked).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/1 entry would be deleted.* add --yes/),
    });
    expect(dry).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^KEY .*(\n.* draw .*){3}\n\nWould forget 3 entries of 30B\.\n$/),
    });
    expect(await project.json("cache", "purge", "--task", "sum", "--yes")).toEqual({ deleted: 1 });
    expect(await project.json("cache", "ls")).toHaveLength(3);
    expect(await project.json("cache", "purge", "--all", "--yes")).toEqual({ deleted: 3 });
    expect(await project.json("cache", "ls")).toEqual([]);
  });

  it("names the entries whose keys begin alike", async () => {
    let all = await project.json<RecordReport[]>("cache", "ls");
    const firstAlike = () =>
      [...Map.groupBy(all, ({ key }) => key.slice(0, 1))].find(([, ofDigit]) => ofDigit.length > 1);
    // Of seventeen keys, two begin with the same digit; most often fewer are enough.
    for (let sides = 10; firstAlike() === undefined; sides++) {
      await project.run("dags", "run", "shapes", "--param", `sides=${sides}`);
      all = await project.json<RecordReport[]>("cache", "ls");
    }
    const [digit = "", alike = []] = firstAlike() ?? [];
    for (const command of [
      ["show", digit],
      ["diff", digit, all[0]?.key ?? ""],
      ["purge", "--yes", "--key", digit],
    ]) {
      const { code, stderr } = await project.run("cache", ...command);
      expect(code).toBe(2);
      for (const { key } of alike) expect(stderr).toContain(key);
    }
    expect(await project.json("cache", "ls")).toHaveLength(all.length);
  }, 60_000);
});
