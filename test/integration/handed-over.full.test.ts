// That no instance runs twice at once: answers that come late, runs cleared and cancelled while they run,
// and schedulers that are lost with what they ran.

import { setTimeout as rest } from "node:timers/promises";
import { systemClock, type DagRun, type DagVersion, type RunStore } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { cancelRun, clearRun, triggerRun } from "@memodag/scheduler";
import { Dag } from "memodag";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failed, type ScriptedExecutor } from "./scripted-executor.ts";
import { SchedulerRig } from "./scheduler-rig.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;
const SCHEDULING = { pollMs: 10, maxRuns: 8 };
const TIMEOUT_MS = 120_000;
const RUNS = 60;

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await rest(5);
}

/** Every so many answers of the store, by turns, come late; what was asked has been done by then. */
function withLateAnswers(runs: RunStore, every: number): RunStore {
  let count = every;
  return new Proxy(runs, {
    get(target, name) {
      const member = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        const answer = await member.apply(target, args);
        if ((count += 1) % every === 0) await rest(40);
        return answer;
      };
    },
  });
}

/** Counts attempts by instance, and those that began beside another. */
class Starts {
  readonly byInstance = new Map<string, number>();
  readonly #running = new Set<string>();
  overlaps = 0;

  /** Makes an executor take `killMs` to end what is cancelled, as a process does. */
  watch(executor: ScriptedExecutor, killMs: number): void {
    const submit = executor.submit.bind(executor);
    const cancel = executor.cancel.bind(executor);
    const names = new Map<string, string>();
    executor.submit = async (attempt) => {
      const name = `${attempt.runId} ${attempt.taskId}[${attempt.mapIndex}]`;
      names.set(attempt.attemptId, name);
      if (this.#running.has(name)) this.overlaps += 1;
      this.#running.add(name);
      this.byInstance.set(name, (this.byInstance.get(name) ?? 0) + 1);
      return await submit(attempt);
    };
    executor.cancel = async (attemptId, error) => {
      void rest(killMs).then(() => {
        this.#running.delete(names.get(attemptId) ?? "");
        void cancel(attemptId, error);
      });
    };
  }
}

describe.each(TEST_DIALECTS)("on %s", (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  const running: { stop(graceMs: number): Promise<void> }[] = [];

  beforeEach(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((scheduler) => scheduler.stop(0)));
    await metastore.close();
  });

  const trigger = (version: DagVersion): Promise<DagRun> =>
    triggerRun(metastore.runs, systemClock, {
      version,
      conf: {},
      params: {},
      logicalDate: null,
      cacheMode: "use",
    });

  const isOver = async ({ team, dagId, runId }: DagRun): Promise<boolean> =>
    (await metastore.runs.findRun(team, dagId, runId))?.endedAt !== null;

  async function start(scripts: Parameters<SchedulerRig["newScheduler"]>[0], starts: Starts, killMs = 5) {
    const other = await metastore.openAgain();
    const made = rig.newScheduler(scripts, {
      metastore: other,
      runs: withLateAnswers(other.runs, 7),
      scheduling: SCHEDULING,
      slots: 16,
    });
    starts.watch(made.executor, killMs);
    running.push(made.scheduler);
    return made;
  }

  test(
    "late answers about runs hand none of them to another scheduler",
    async () => {
      const dag = new Dag("late", { maxActiveRuns: RUNS });
      dag.task("it", inert)({});
      const version = await rig.define(dag);
      const starts = new Starts();
      const work = () => rest(30, "done");
      const schedulers = [await start({ it: work }, starts), await start({ it: work }, starts)];
      for (const { scheduler } of schedulers) scheduler.start();
      const runs: DagRun[] = [];
      for (let count = 0; count < RUNS; count += 1) runs.push(await trigger(version));
      for (const run of runs) await until(() => isOver(run));
      expect(starts.byInstance.size).toBe(RUNS);
      expect([...starts.byInstance].filter(([, count]) => count > 1)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a failed task is cleared beside siblings that run, which run on",
    async () => {
      const dag = new Dag("siblings", { maxActiveRuns: 16 });
      dag.task("bad", inert)({});
      for (const name of ["a", "b", "c"]) dag.task(name, inert)({});
      const version = await rig.define(dag);
      const starts = new Starts();
      const gate = Promise.withResolvers<string>();
      const scripts = {
        bad: ({ tryNumber }: { tryNumber: number }) => (tryNumber === 1 ? failed("no") : "good"),
        a: () => gate.promise,
        b: () => gate.promise,
        c: () => gate.promise,
      };
      const schedulers = [await start(scripts, starts), await start(scripts, starts)];
      for (const { scheduler } of schedulers) scheduler.start();
      const runs = await Promise.all(Array.from({ length: 4 }, () => trigger(version)));
      const stateOf = async (run: DagRun, taskId: string) =>
        (await metastore.runs.listTaskInstances(run.team, run.id)).find((row) => row.taskId === taskId)
          ?.state;
      for (const run of runs) {
        await until(async () => (await stateOf(run, "bad")) === "failed");
        await until(async () => (await stateOf(run, "c")) === "running");
        const request = { taskId: "bad", downstream: false, useCache: false };
        await clearRun(metastore.runs, { run, version }, request);
      }
      for (const run of runs) await until(async () => (await stateOf(run, "bad")) === "success");
      gate.resolve("done");
      for (const run of runs) await until(() => isOver(run));
      const counts = [...starts.byInstance].map(([name, count]) => [name.split(" ")[1], count] as const);
      expect(counts.filter(([name, count]) => count !== (name?.startsWith("bad") ? 2 : 1))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a task that is cleared while it runs, or whose run is cancelled first, waits until its process is gone",
    async () => {
      const dag = new Dag("cleared", { maxActiveRuns: 16 });
      dag.task("it", inert)({});
      const version = await rig.define(dag);
      const starts = new Starts();
      const it = ({ tryNumber }: { tryNumber: number }) =>
        tryNumber === 1 ? new Promise(() => undefined) : "done";
      const schedulers = [await start({ it }, starts, 200), await start({ it }, starts, 200)];
      for (const { scheduler } of schedulers) scheduler.start();
      const request = { taskId: "it", downstream: false, useCache: false };
      for (const isCancelled of [false, true, false, true]) {
        const run = await trigger(version);
        await until(async () => {
          const [row] = await metastore.runs.listTaskInstances(run.team, run.id);
          return row?.state === "running";
        });
        if (isCancelled) await cancelRun(metastore.runs, { run, version });
        await clearRun(metastore.runs, { run, version }, request);
        await until(() => isOver(run));
        expect(await metastore.runs.findRun(run.team, run.dagId, run.runId)).toMatchObject({
          state: "success",
        });
      }
      expect(starts.overlaps).toBe(0);
      expect([...starts.byInstance.values()]).toEqual([2, 2, 2, 2]);
    },
    TIMEOUT_MS,
  );

  /** A scheduler that runs one attempt and is lost with it, as by SIGKILL. */
  async function loseOne(script: () => unknown): Promise<void> {
    let isGone = false;
    const runs = new Proxy(metastore.runs, {
      get(target, name) {
        const member = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
        return (...args: unknown[]) => (isGone ? new Promise(() => undefined) : member.apply(target, args));
      },
    });
    // What it was just claiming when it was lost is free again soon.
    const scheduling = { ...SCHEDULING, leaseMs: 1_000 };
    const { scheduler, executor } = rig.newScheduler({ it: script }, { runs, scheduling });
    scheduler.start();
    await until(() => executor.attempts.length > 0);
    const [run] = scheduler.heldRuns;
    await until(async () => {
      const [row] = run ? await metastore.runs.listTaskInstances(run.team, run.id) : [];
      return row?.state === "running";
    });
    isGone = true;
    for (const owner of await metastore.runs.listLeaseOwners()) await metastore.runs.releaseLeases(owner);
  }

  test.each([
    { retries: 0, state: "failed", error: { code: "worker_lost" }, losses: 3 },
    { retries: 1, state: "success", error: null, losses: 0 },
  ])("after three losses a task with $retries retries is $state", async ({ retries, ...expected }) => {
    const dag = new Dag("poison");
    dag.task("it", inert, { retries, retryDelay: "1ms" })({});
    const version = await rig.define(dag);
    const run = await trigger(version);
    for (let count = 0; count < 3; count += 1) await loseOne(() => new Promise(() => undefined));
    const { scheduler, executor } = rig.newScheduler({ it: () => "done" }, { scheduling: SCHEDULING });
    const over = scheduler.whenOver(run.id);
    scheduler.start();
    await over;
    await scheduler.stop(0);
    const [row] = await metastore.runs.listTaskInstances(run.team, run.id);
    expect(row).toMatchObject(expected);
    expect(executor.attempts).toHaveLength(retries);
    if (retries > 0) return;
    expect(row?.error?.message).toContain("3 in a row");
    await clearRun(metastore.runs, { run, version }, { downstream: false, useCache: false });
    expect((await metastore.runs.listTaskInstances(run.team, run.id))[0]).toMatchObject({ losses: 0 });
  });
});
