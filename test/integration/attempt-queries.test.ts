import { systemClock, type Attempt } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { Values } from "@memodag/result-cache";
import { answerAttempts } from "@memodag/scheduler";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";

const LARGE = "x".repeat(2_000_000);

const inert: (args: Record<string, unknown>) => unknown = () => null;

describe.each(TEST_DIALECTS)("what a running task asks for, on %s,", (dialect) => {
  let metastore: TestMetastore;
  let attempt: Attempt;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    const rig = new SchedulerRig(metastore);
    const dag = new Dag("asked");
    const load = dag.task("load", inert)({});
    dag.task("large", inert)({});
    dag.task("mapped", inert).expand({ n: [1, 2] });
    dag.task("ask", inert)({ load });
    const version = await rig.define(dag, "v1", "ml");
    const run = await rig.run(version, {
      load: () => "rows",
      large: () => LARGE,
      mapped: (_attempt, { n }) => n,
    });
    attempt = run.executor.attempts.find(({ taskId }) => taskId === "ask") as Attempt;
  });
  afterAll(() => metastore.close());

  const ask = async (asker: Attempt, taskId: string, key = "return_value", mapIndex = -1) => {
    const { findXCom } = answerAttempts({
      runs: metastore.runs,
      humans: metastore.humans,
      values: new Values({ metadata: metastore.results, clock: systemClock }),
      variables: [],
      env: {},
    });
    const bytes = await findXCom(asker, { taskId, key, mapIndex });
    return bytes && Buffer.from(bytes).toString();
  };

  test("is answered from its own run", async () => {
    expect(await ask(attempt, "load")).toBe('"rows"');
    expect(await ask(attempt, "mapped", "return_value", 1)).toBe("2");
    expect(await ask(attempt, "load", "other")).toBeUndefined();
    expect(await ask(attempt, "nobody")).toBeUndefined();
  });

  test("is not answered from another team's, Dag's or run's", async () => {
    expect(await ask({ ...attempt, team: "default" }, "load")).toBeUndefined();
    expect(await ask({ ...attempt, dagId: "other" }, "load")).toBeUndefined();
    expect(await ask({ ...attempt, runId: "other" }, "load")).toBeUndefined();
  });

  test("is opened where it is large and its store can read it in parts, and fails if it is damaged", async () => {
    const values = new Values({ metadata: metastore.results, clock: systemClock });
    const open = async (bytes: Buffer | undefined, taskId: string) => {
      const { openXCom } = answerAttempts({
        runs: metastore.runs,
        values: {
          read: (team, refs) => values.read(team, refs),
          open: async () => bytes && { kind: "stream", stream: new Blob([new Uint8Array(bytes)]).stream() },
        },
        variables: [],
        env: {},
      });
      const found = await openXCom?.(attempt, { taskId, key: "return_value", mapIndex: -1 });
      if (!found || !("chunks" in found)) return found;
      const chunks: Uint8Array[] = [];
      for await (const chunk of found.chunks) chunks.push(chunk);
      return Buffer.concat(chunks);
    };
    const large = Buffer.from(JSON.stringify(LARGE));
    const damaged = Buffer.from(large);
    damaged[5] = 0x79;
    expect(large.equals((await open(large, "large")) ?? Buffer.alloc(0))).toBe(true);
    await expect(open(damaged, "large")).rejects.toThrow("sha256");
    expect(large.equals((await open(undefined, "large")) ?? Buffer.alloc(0))).toBe(true);
    expect((await open(damaged, "load"))?.toString()).toBe('"rows"');
    expect(await open(damaged, "missing")).toBeUndefined();
  });

  test("of variables is its team's first, then everyone's, and the environment's before both", async () => {
    const variables = [
      { name: "region", value: "everyone's" },
      { name: "region", value: "ml's", team: "ml" },
      { name: "secret", value: "ops'", team: "ops" },
    ];
    const { findVariable } = answerAttempts({
      runs: metastore.runs,
      humans: metastore.humans,
      values: new Values({ metadata: metastore.results, clock: systemClock }),
      variables,
      env: {},
    });
    expect(await findVariable(attempt, "region")).toBe("ml's");
    expect(await findVariable({ ...attempt, team: "default" }, "region")).toBe("everyone's");
    expect(await findVariable(attempt, "secret")).toBeUndefined();
    const env = { MEMODAG_VAR_REGION: "here", MEMODAG__DATABASE__URL: "postgres://secret" };
    const overridden = answerAttempts({
      runs: metastore.runs,
      humans: metastore.humans,
      values: new Values({ metadata: metastore.results, clock: systemClock }),
      variables,
      env,
    });
    expect(await overridden.findVariable(attempt, "region")).toBe("here");
    expect(await overridden.findVariable(attempt, "_DATABASE__URL")).toBeUndefined();
  });
});
