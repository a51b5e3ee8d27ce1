// Branches and groups in runs: what a result chooses, from a worker, from the cache and from the database.

import { systemClock, type DagRun, type DagVersion } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { clearRun, triggerRun, type ClearRequest } from "@memodag/scheduler";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig, type RigRun } from "./scheduler-rig.ts";
import type { Script } from "./scripted-executor.ts";

const inert = (): null => null;
const isTrue = (): boolean => true;
const text = (): string => "";

/** `task` → `state`, of all tasks. */
function statesOf({ instances }: Pick<RigRun, "instances">): Record<string, string> {
  return Object.fromEntries(instances.map(({ taskId, state }) => [taskId, state]));
}

describe.each(TEST_DIALECTS)("a branch on %s", (dialect) => {
  let rig: SchedulerRig;
  let metastore: TestMetastore;
  let dagCount = 0;
  const newDag = (): Dag => new Dag(`dag${(dagCount += 1)}`);

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  /** An if with a task after both sides, and one after them whatever happens. */
  async function defineIf(): Promise<DagVersion> {
    const dag = newDag();
    const ok = dag.task("ok", isTrue, { cache: true })();
    // Rules that would let them run if it were for the rules alone.
    const yes = dag.task("yes", inert, { triggerRule: "always" })();
    const no = dag.task("no", inert, { triggerRule: "all_done" })();
    dag.if(ok).then(yes).else(no);
    dag.task("both", inert)().after(yes, no);
    dag.task("either", inert, { triggerRule: "none_failed_min_one_success" })().after(yes, no);
    dag.task("last", inert, { triggerRule: "all_done" })().after(yes, no);
    return await rig.define(dag);
  }

  test.each([true, false])("runs one side of an if, from a worker and from the cache: %s", async (value) => {
    const version = await defineIf();
    const [chosen, other] = value ? ["yes", "no"] : ["no", "yes"];
    const states = {
      ok: "success",
      [chosen]: "success",
      [other]: "skipped",
      both: "skipped",
      either: "success",
      last: "success",
    };
    const first = await rig.run(version, { ok: () => value });
    expect(statesOf(first)).toEqual(states);
    expect(first.run.state).toBe("success");
    expect(first.executor.submitted.toSorted()).toEqual(["either", "last", chosen, "ok"].toSorted());

    const second = await rig.run(version, {});
    expect(second.states).toMatchObject({ ok: "success/hit" });
    expect(statesOf(second)).toEqual(states);
    expect(second.executor.submitted).not.toContain("ok");
  });

  test("runs the case of a switch that was returned, and all of its group or none", async () => {
    const dag = newDag();
    const pick = dag.task("pick", text)();
    const single = dag.task("single", inert)();
    const group = dag.taskGroup("group");
    const [first, last] = [group.task("first", inert)(), group.task("last", inert)()];
    last.after(first);
    group.task("always", inert, { triggerRule: "always" })().after(first);
    group.task("any", inert, { triggerRule: "one_success" })().after(first);
    dag.switch(pick).case(single).case(group);
    dag.task("after", inert, { triggerRule: "one_success" })().after(group, single);
    const version = await rig.define(dag);

    const withSingle = await rig.run(version, { pick: () => "single" });
    expect(statesOf(withSingle)).toEqual({
      pick: "success",
      single: "success",
      "group.first": "skipped",
      "group.last": "skipped",
      "group.always": "skipped",
      "group.any": "skipped",
      after: "success",
    });
    const withGroup = await rig.run(version, { pick: () => "group" });
    const { submitted } = withGroup.executor;
    expect(submitted.toSorted()).toEqual(
      ["after", "group.always", "group.any", "group.first", "group.last", "pick"].toSorted(),
    );
    expect(statesOf(withGroup)).toMatchObject({ single: "skipped", after: "success" });
    // "any" waits for its own upstream, not for the task that chose the group.
    expect(submitted.indexOf("group.any")).toBeGreaterThan(submitted.indexOf("group.first"));
  });

  test("runs the default of a switch by value where no case fits, and nothing where there is none", async () => {
    const dag = newDag();
    const day = dag.task("day", () => ({ name: "" }))();
    const [work, rest] = [dag.task("work", inert)(), dag.task("rest", inert)()];
    dag.switch(day.field("name")).case("saturday", rest).case("sunday", rest).default(work);
    const mood = dag.task("mood", (): number | null => 1)();
    const good = dag.task("good", inert, { triggerRule: "all_done" })();
    dag.switch(mood).case(1, good);
    dag.task("after", inert)().after(good);
    const version = await rig.define(dag);
    const run = await rig.run(version, { day: () => ({ name: "sunday" }), mood: () => 1 });
    expect(statesOf(run)).toMatchObject({
      rest: "success",
      work: "skipped",
      good: "success",
      after: "success",
    });
    const other = await rig.run(version, { day: () => ({ name: "monday" }), mood: () => null });
    expect(statesOf(other)).toMatchObject({
      rest: "skipped",
      work: "success",
      good: "skipped",
      after: "skipped",
    });
    expect(other.run.state).toBe("success");
  });

  test("lets a task run that two branches choose, and skips it when one of them does not", async () => {
    const dag = newDag();
    const [left, right] = [dag.task("left", isTrue)(), dag.task("right", isTrue)()];
    const target = dag.task("target", inert, { triggerRule: "one_success" })();
    dag.if(left).then(target);
    dag.if(right).then(target);
    const version = await rig.define(dag);
    for (const [a, b, state] of [
      [true, true, "success"],
      [true, false, "skipped"],
      [false, true, "skipped"],
    ] as const) {
      const run = await rig.run(version, { left: () => a, right: () => b });
      expect(statesOf(run)["target"]).toBe(state);
    }
  });

  test.each<[string, unknown, string]>([
    [
      "a number where an if wants true or false",
      1,
      "returned 1, which is not a condition: return true or false",
    ],
    ["nothing", null, "returned null, which is not a condition"],
    ["a list", [true], "returned a list, which is not a condition"],
  ])("fails the task that decides by %s, and lets rules decide the rest", async (_title, value, message) => {
    const version = await defineIf();
    const scripts = { ok: () => value };
    const first = await rig.run(version, scripts);
    const states = {
      ok: "failed",
      yes: "success",
      no: "success",
      both: "success",
      either: "success",
      last: "success",
    };
    expect(statesOf(first)).toEqual(states);
    const failed = (run: RigRun) => run.instances.find(({ taskId }) => taskId === "ok");
    expect(failed(first)).toMatchObject({
      cacheStatus: "miss",
      error: { code: "branch_invalid", message: expect.stringContaining(`task "ok" ${message}`) as string },
    });
    const second = await rig.run(version, { ok: () => true });
    expect(second.states).toMatchObject({ ok: "success/populated", no: "skipped/null" });
  });

  test("tries again where a task that decides has retries, and takes the choice that it makes then", async () => {
    const dag = newDag();
    const ok = dag.task("ok", isTrue, { retries: 1, retryDelay: 0 })();
    dag.if(ok).then(dag.task("yes", inert)());
    const { states } = await rig.run(await rig.define(dag), {
      ok: ({ tryNumber }) => (tryNumber === 1 ? "yes" : true),
      yes: () => 1,
    });
    expect(states).toEqual({ ok: "success/disabled", yes: "success/disabled" });
  });

  test("fails by a stored result that a branch, which was written since, cannot use", async () => {
    const define = async (dagId: string, isBranching: boolean): Promise<DagVersion> => {
      const dag = new Dag(dagId);
      const ok = dag.task("ok", isTrue, { cache: true })();
      const yes = dag.task("yes", inert)();
      if (isBranching) dag.if(ok).then(yes);
      return await rig.define(dag);
    };
    const { dagId } = newDag();
    await rig.run(await define(dagId, false), { ok: () => "true" });
    const { instances, states } = await rig.run(await define(dagId, true), {});
    expect(states).toEqual({ ok: "failed/hit", yes: "upstream_failed/null" });
    expect(instances.find(({ taskId }) => taskId === "ok")?.error).toEqual({
      code: "branch_invalid",
      message: 'task "ok" returned "true", which is not a condition: return true or false',
    });
  });

  test("fails a task that chooses outside of its switch, and names the cases", async () => {
    const dag = newDag();
    const pick = dag.task("pick", text)();
    const [a, b] = [dag.task("a", inert)(), dag.task("b", inert)()];
    dag.task("c", inert)().after(pick);
    dag.switch(pick).case(a).case(b);
    const run = await rig.run(await rig.define(dag), { pick: () => "c" });
    expect(run.run.state).toBe("failed");
    expect(statesOf(run)).toEqual({
      pick: "failed",
      a: "upstream_failed",
      b: "upstream_failed",
      c: "upstream_failed",
    });
    expect(run.instances.find(({ taskId }) => taskId === "pick")?.error?.message).toBe(
      'task "pick" returned "c", which is not a case of its switch: return "a" or "b"',
    );
  });

  describe("goes on from the database:", () => {
    async function clear(
      version: DagVersion,
      { team, dagId, runId }: DagRun,
      request: Partial<ClearRequest>,
    ) {
      const run = await metastore.runs.findRun(team, dagId, runId);
      await clearRun(
        metastore.runs,
        { run: run!, version },
        { downstream: false, useCache: false, ...request },
      );
    }

    async function resume(run: DagRun, scripts: Record<string, Script>) {
      const { scheduler, executor } = rig.newScheduler(scripts);
      const over = scheduler.whenOver(run.id);
      scheduler.start();
      await over;
      await scheduler.stop(0);
      const instances = await metastore.runs.listTaskInstances(run.team, run.id);
      return { states: statesOf({ instances }), submitted: executor.submitted.toSorted() };
    }

    test("a task that was not chosen is skipped again when it is cleared", async () => {
      const version = await defineIf();
      const { run } = await rig.run(version, { ok: () => true });
      await clear(version, run, { taskId: "no" });
      expect(await resume(run, {})).toMatchObject({
        submitted: [],
        states: { no: "skipped", yes: "success" },
      });
    });

    test("the other side runs when the task that decides is cleared with what comes after it", async () => {
      const version = await defineIf();
      const { run } = await rig.run(version, { ok: () => true });
      await clear(version, run, { taskId: "ok", downstream: true });
      const { states, submitted } = await resume(run, { ok: () => false });
      expect(submitted).toEqual(["either", "last", "no", "ok"]);
      expect(states).toEqual({
        ok: "success",
        yes: "skipped",
        no: "success",
        both: "skipped",
        either: "success",
        last: "success",
      });
    });

    test("a scheduler that takes a run over knows what was chosen", async () => {
      const version = await defineIf();
      const run = await triggerRun(metastore.runs, systemClock, {
        version,
        conf: {},
        params: {},
        logicalDate: null,
        cacheMode: "use",
      });
      const begun = Promise.withResolvers<void>();
      const first = rig.newScheduler({
        ok: () => false,
        no: () => {
          begun.resolve();
          return new Promise(() => undefined);
        },
      });
      first.executor.endsAtShutdown = true;
      first.scheduler.start();
      await begun.promise;
      await first.scheduler.stop(0);
      const { states, submitted } = await resume(run, {});
      expect(submitted).toEqual(["either", "last", "no"]);
      expect(states).toMatchObject({ ok: "success", no: "success", yes: "skipped", both: "skipped" });
    });
  });
});
