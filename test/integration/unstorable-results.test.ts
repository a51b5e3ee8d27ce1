// What a database does not take is the failure of the instance that it came of: its run and its siblings go on.

import { randomBytes } from "node:crypto";
import { UNMAPPED } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";
import { succeeded } from "./scripted-executor.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;
const bytes = Buffer.from("1");

/** A success that pushed values under these keys beside what it returned. */
function pushed(...keys: string[]) {
  const outcome = succeeded(1);
  if (outcome.kind !== "succeeded") throw new Error("it did not succeed");
  return { ...outcome, xcoms: [...outcome.xcoms, ...keys.map((key) => ({ key, bytes }))] };
}

/** Has the database refuse rows, as it would refuse data of its own accord. */
const REFUSAL = {
  sqlite: (table: string, condition: string) =>
    ["insert", "update"]
      .map(
        (event) =>
          `create trigger refuse_${event}_${table} before ${event} on ${table} when ${condition.replaceAll("$", "new.")} ` +
          "begin select raise(abort, 'refused here'); end;",
      )
      .join(" "),
  postgres: (table: string, condition: string) =>
    `alter table ${table} add constraint refused_here check (not (${condition.replaceAll("$", "")}))`,
};

describe.each(TEST_DIALECTS)("data that %s does not take", (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
    await metastore.execute(REFUSAL[dialect]("xcom", "$task_id = 'bad' and $map_index in (-1, 3, 4)"));
    await metastore.execute(REFUSAL[dialect]("task_instance", "$task_id = 'odd' and $state = 'success'"));
  });
  afterAll(() => metastore.close());

  const notStorable = {
    code: "result_not_storable",
    message: expect.stringMatching(/refused.*return less/is),
  };

  test("fails its instance, once, and what rests on it", async () => {
    const dag = new Dag("plain");
    const bad = dag.task("bad", inert, { retries: 2, retryDelay: "0s" });
    dag.task("after", inert)({ of: bad({}) });
    dag.task("beside", inert)({ of: dag.task("good", inert)({}) });
    const told: string[] = [];
    const ended = await rig.run(
      await rig.define(dag),
      { good: () => 1, beside: () => 2, "bad.failure": () => told.push("failure") },
      { slots: 2 },
    );
    expect(ended.run.state).toBe("failed");
    expect(ended.states).toEqual({
      bad: "failed/disabled",
      after: "upstream_failed/null",
      good: "success/disabled",
      beside: "success/disabled",
    });
    expect(ended.instances.find(({ taskId }) => taskId === "bad")?.error).toMatchObject(notStorable);
    expect(ended.executor.submitted.toSorted()).toEqual(["bad", "beside", "good"]);
    expect(await rig.returned(ended, "beside")).toBe(2);
  });

  test("is told to the author who wants to hear of failures", async () => {
    const dag = new Dag("told");
    const told: unknown[] = [];
    dag.task("bad", inert, { onFailure: () => undefined, onSuccess: () => undefined })({});
    await rig.run(await rig.define(dag), {
      "bad.failure": ({ callback }) => told.push(callback?.error?.code),
      "bad.success": () => told.push("success"),
    });
    expect(told).toEqual(["result_not_storable"]);
  });

  test("is found among many that end together", async () => {
    const dag = new Dag("many");
    const bad = dag.task("bad", inert as (args: { n: number }) => number);
    bad.partial({}).expand({ n: [0, 1, 2, 3, 4, 5, 6] });
    const gate = Promise.withResolvers<void>();
    let begun = 0;
    const ended = await rig.run(
      await rig.define(dag),
      {
        bad: async () => {
          if ((begun += 1) === 7) gate.resolve();
          await gate.promise;
          return null;
        },
      },
      { slots: 7 },
    );
    const failed = ended.instances.filter(({ state }) => state === "failed");
    expect(failed.map(({ mapIndex }) => mapIndex).toSorted()).toEqual([3, 4]);
    expect(ended.instances.filter(({ state }) => state === "success")).toHaveLength(5);
    expect(ended.executor.submitted).toHaveLength(7);
  });

  test("need not be an XCom", async () => {
    const dag = new Dag("row");
    dag.task("odd", inert)({});
    const { instances } = await rig.run(await rig.define(dag), {});
    expect(instances[0]).toMatchObject({ state: "failed", error: notStorable });
  });

  test("runs the task where the cache had answered", async () => {
    const dag = new Dag("hits");
    dag.task("odd", inert, { cache: true })({});
    const version = await rig.define(dag);
    await metastore.execute(
      dialect === "sqlite"
        ? "drop trigger refuse_update_task_instance; drop trigger refuse_insert_task_instance"
        : "alter table task_instance drop constraint refused_here",
    );
    expect((await rig.run(version, {})).states).toEqual({ odd: "success/populated" });
    await metastore.execute(REFUSAL[dialect]("task_instance", "$task_id = 'odd' and $cache_status = 'hit'"));
    const again = await rig.run(version, {});
    expect(again.states).toEqual({ odd: "success/lookup_failure" });
    expect(again.executor.submitted).toEqual(["odd"]);
  });

  test("keys that the database takes for one, or that are too long for its index, fail their task alone", async () => {
    const dag = new Dag("keys");
    for (const name of ["twice", "long", "well"]) dag.task(name, inert)({});
    const long = randomBytes(6_000).toString("hex");
    const ended = await rig.run(await rig.define(dag), {
      twice: () => pushed("a\u0000", "a\ufffd"),
      long: () => pushed(long),
      well: () => pushed("a"),
    });
    expect(ended.states["well"]).toBe("success/disabled");
    const [twice, tooLong] = ["twice", "long"].map((name) =>
      ended.instances.find(({ taskId, mapIndex }) => taskId === name && mapIndex === UNMAPPED),
    );
    // SQLite has no bound for a key, and takes the later of two rows.
    const isTaken = dialect === "sqlite";
    expect(twice?.error?.code).toBe(isTaken ? undefined : "result_not_storable");
    expect(tooLong?.error?.code).toBe(isTaken ? undefined : "result_not_storable");
  });
});
