import { systemClock, type Attempt } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { Values } from "@memodag/result-cache";
import { answerAttempts } from "@memodag/scheduler";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;

describe.each(TEST_DIALECTS)("what a running task asks for, on %s,", (dialect) => {
  let metastore: TestMetastore;
  let attempt: Attempt;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    const rig = new SchedulerRig(metastore);
    const dag = new Dag("asked");
    const load = dag.task("load", inert)({});
    dag.task("mapped", inert).expand({ n: [1, 2] });
    dag.task("ask", inert)({ load });
    const version = await rig.define(dag, "v1", "ml");
    const run = await rig.run(version, { load: () => "rows", mapped: (_attempt, { n }) => n });
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
