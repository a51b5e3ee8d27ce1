// Tasks mapped over lists: long ones, empty ones, and what is no list.

import { openTestMetastore, TEST_DIALECTS } from "@memodag/metastore/testing";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;
const number = inert as (args: { n: number }) => number;
const numbers = inert as () => number[];
const total = inert as (args: { all: number[] }) => string;

/**
 * Elements of the long list; fewer on the dialect to which it is further, as it is filled one by one.
 * `npm run chaos` has the longest that a list may be.
 */
const COUNTS = { sqlite: Number(process.env["MAPPED_ELEMENTS"] ?? 2_000), postgres: 500 };

/** Longest that the long lists may take on a busy machine. */
const TIMEOUT_MS = 120_000;

describe.each(TEST_DIALECTS)("a mapped task on %s", { timeout: TIMEOUT_MS }, (dialect) => {
  const COUNT = COUNTS[dialect];
  let rig: SchedulerRig;
  let close: () => Promise<void>;
  let dagCount = 0;
  const newDag = (options = {}): Dag =>
    new Dag(`mapped${(dagCount += 1)}`, { maxActiveTasks: COUNT, maxMapLength: COUNT, ...options });

  beforeAll(async () => {
    const metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
    close = () => metastore.close();
  });
  afterAll(() => close());

  const double = (_: unknown, { n }: { n?: number }) => Number(n) * 2;
  const digest = (_: unknown, { all }: { all?: number[] }) => JSON.stringify(all);
  const elements = Array.from({ length: COUNT }, (_, index) => index);

  test(`of ${COUNT} elements of which one changed starts one process`, async () => {
    const dag = newDag();
    const list = dag.task("list", numbers)();
    const all = dag.task("double", number, { cache: true }).expand({ n: list });
    dag.task("total", total)({ all });
    const version = await rig.define(dag);
    const scripts = { list: () => elements, double, total: digest };
    const options = { slots: COUNT / 5 };
    const first = await rig.run(version, scripts, options);
    expect(first.run.state).toBe("success");
    expect(first.executor.attempts).toHaveLength(COUNT + 2);
    expect(await rig.returned(first, "total")).toBe(JSON.stringify(elements.map((n) => n * 2)));

    const changed = elements.with(321, -1);
    const second = await rig.run(version, { ...scripts, list: () => changed }, options);
    expect(second.run.state).toBe("success");
    expect(second.executor.submitted.filter((id) => id.startsWith("double"))).toEqual(["double[321]"]);
    expect(second.instances.filter(({ cacheStatus }) => cacheStatus === "hit")).toHaveLength(COUNT - 1);
    // In order of the list, wherever each result came from.
    expect(await rig.returned(second, "total")).toBe(JSON.stringify(changed.map((n) => n * 2)));
  });

  test("takes a literal list as well, and its length is the Dag's to limit", async () => {
    const dag = newDag({ maxMapLength: 3 });
    const literal = dag.task("literal", number).expand({ n: [5, 6, 7] });
    dag.task("total", total)({ all: literal });
    const list = dag.task("list", numbers)();
    dag.task("over", number).expand({ n: list });
    const pair = inert as (args: { a: number; b: number }) => number;
    dag.task("product", pair).expand({ a: list, b: [1, 2] });
    const scripts = { list: () => [1, 2, 3, 4], literal: double, total: digest };
    const { run, states, instances } = await rig.run(await rig.define(dag), scripts);
    expect(run.state).toBe("failed");
    expect(states).toMatchObject({ total: "success/disabled", over: "failed/null", product: "failed/null" });
    const errorOf = (taskId: string) => instances.find((instance) => instance.taskId === taskId)?.error;
    expect(errorOf("over")).toEqual({
      code: "map_too_long",
      message:
        'task "over" would have 4 instances, more than the Dag\'s maxMapLength of 3: return shorter lists, ' +
        "or raise maxMapLength",
    });
    expect(errorOf("product")?.message).toContain("would have 8 instances");
    expect(() => dag.task("long", number).expand({ n: [1, 2, 3, 4] })).toThrow(
      '"n" has 4 elements to map over, more than 3: shorten the list, or raise the Dag\'s maxMapLength',
    );
  });

  test.each<[string, unknown, string]>([
    ["an object", { 0: "a" }, "an object"],
    ["a string", "abc", "a string"],
    ["nothing", null, "null"],
    ["a number", 3, "a number"],
  ])("over %s fails by itself, with what to return in its place", async (_title, value, found) => {
    const dag = newDag();
    const list = dag.task("list", numbers)();
    dag.task("total", total)({ all: dag.task("each", number).expand({ n: list }) });
    const { run, states, instances } = await rig.run(await rig.define(dag), { list: () => value });
    expect(run.state).toBe("failed");
    expect(states).toEqual({ list: "success/disabled", each: "failed/null", total: "upstream_failed/null" });
    expect(instances.find(({ taskId }) => taskId === "each")?.error).toEqual({
      code: "map_not_a_list",
      message: `task "each" is mapped over "n", which is ${found}: return a list from the task it comes from`,
    });
  });

  test("over nothing is skipped, and a rule says what comes of what collects it", async () => {
    const dag = newDag();
    const none = dag.task("literal", number).expand({ n: [] });
    const some = dag.task("upstream", number).expand({ n: dag.task("list", numbers)() });
    dag.task("strict", total)({ all: none });
    dag.task("lenient", total, { triggerRule: "all_done" })({ all: some });
    const scripts = { list: () => [], lenient: digest };
    const ran = await rig.run(await rig.define(dag), scripts);
    expect(ran.states).toEqual({
      literal: "skipped/null",
      list: "success/disabled",
      upstream: "skipped/null",
      strict: "skipped/null",
      lenient: "success/disabled",
    });
    expect(await rig.returned(ran, "lenient")).toBe("[]");
  });

  test("that is mapped over another's results is chosen, or not, as one", async () => {
    const dag = newDag();
    const ok = dag.task("ok", (): boolean => true)();
    const group = dag.taskGroup("group");
    const first = group.task("first", number).expand({ n: [1, 2] });
    const second = group.task("second", number).expand({ n: first });
    dag.if(ok).then(group);
    dag.task("total", total)({ all: second });
    const version = await rig.define(dag);
    const scripts = { "group.first": double, "group.second": double, total: digest };
    const chosen = await rig.run(version, { ...scripts, ok: () => true });
    expect(await rig.returned(chosen, "total")).toBe("[4,8]");
    const other = await rig.run(version, { ...scripts, ok: () => false });
    expect(other.states).toEqual({
      ok: "success/disabled",
      "group.first": "skipped/null",
      "group.second": "skipped/null",
      total: "skipped/null",
    });
  });
});
