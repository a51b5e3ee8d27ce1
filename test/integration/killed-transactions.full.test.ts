// Schedulers that are killed at each step of a transaction: what others see of it is all or nothing, and every callback
// that is due is called.

import { setTimeout as rest } from "node:timers/promises";
import { systemClock, type DagVersion, type RunStore } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import type { RecordStore } from "@memodag/result-cache";
import { triggerRun } from "@memodag/scheduler";
import { Dag } from "memodag";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failed, type Script } from "./scripted-executor.ts";
import { SchedulerRig } from "./scheduler-rig.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;
const told = (): undefined => undefined;
const HOOKS = { onCommit: told, onRollback: told };

/** Leases are ended here, as if their time were over. */
const SCHEDULING = { leaseMs: 10_000, pollMs: 50 };

const TIMEOUT_MS = 300_000;

/** More steps than a run has. */
const MOST_STEPS = 40;

const forever = (): Promise<never> => new Promise(() => undefined);

/** The calls of one scheduler, the last of which it makes or does not, and hears nothing of. */
class Death {
  readonly happened: Promise<void>;
  readonly #die: () => void;
  readonly #at: number;
  readonly #when: "before" | "after";
  #steps = 0;
  #isDead = false;

  constructor(at: number, when: "before" | "after") {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.happened = promise;
    this.#die = resolve;
    this.#at = at;
    this.#when = when;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Proxies a store: `stepping` calls count, and after the last no call of any does anything. */
  over<T extends object>(store: T, stepping: readonly string[]): T {
    return new Proxy(store, {
      get: (target, name) => {
        const member = Reflect.get(target, name) as unknown;
        if (typeof member !== "function") return member;
        return async (...args: unknown[]): Promise<unknown> => {
          if (this.#isDead) return await forever();
          const call = async (): Promise<unknown> => Reflect.apply(member, target, args) as unknown;
          if (!stepping.includes(String(name))) return await call();
          const isLast = this.#steps === this.#at;
          this.#steps += 1;
          if (!isLast) return await call();
          this.#isDead = true;
          if (this.#when === "after") await call();
          this.#die();
          return await forever();
        };
      },
    });
  }
}

describe.each(TEST_DIALECTS)("killed schedulers on %s", { timeout: TIMEOUT_MS }, (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;

  beforeEach(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterEach(() => metastore.close());

  async function define(dagId: string): Promise<DagVersion> {
    const dag = new Dag(dagId);
    const etl = dag.transaction("etl", HOOKS);
    const rows = etl.task("load", inert, { cache: true, ...HOOKS })({});
    etl.task("process", inert, { cache: true, ...HOOKS })({ rows });
    return await rig.define(dag);
  }

  async function keysOf({ dag: { dagId } }: DagVersion): Promise<string[]> {
    const records = await metastore.records.list({ team: "default", dagId }, { limit: 10, offset: 0 });
    return records.map(({ taskId }) => taskId).toSorted();
  }

  /** Runs a Dag with a scheduler that dies at a step, and then with another; false when there is no such step. */
  async function killAt(step: number, when: "before" | "after", process: Script): Promise<boolean> {
    const version = await define(`killed_${when}_${step}_${process === refuse ? "rollback" : "commit"}`);
    const called = new Set<string>();
    const note =
      (name: string): Script =>
      () => {
        called.add(name);
        return null;
      };
    const scripts = {
      "etl.load": () => "rows",
      "etl.process": process,
      ...Object.fromEntries(
        ["etl", "etl.load", "etl.process"].flatMap((id) =>
          ["commit", "rollback"].map((event) => [`${id}.${event}`, note(`${id}.${event}`)]),
        ),
      ),
    };
    const death = new Death(step, when);
    const own = await metastore.openAgain();
    const first = rig.newScheduler(scripts, {
      metastore: { ...own, callbacks: death.over(own.callbacks, ["begin", "remove"]) },
      runs: death.over<RunStore>(own.runs, ["writePass"]),
      records: death.over<RecordStore>(own.records, ["putAll"]),
      scheduling: SCHEDULING,
    });
    const { id } = await triggerRun(metastore.runs, systemClock, {
      version,
      conf: {},
      params: {},
      logicalDate: null,
      cacheMode: "use",
    });
    const ended = first.scheduler.whenOver(id).then(() => first.scheduler.whenCallbacksCalled());
    first.scheduler.start();
    await Promise.race([death.happened, ended]);
    const all = ["etl.load", "etl.process"];
    // Whatever the step: others see all of it or nothing.
    expect([[], all]).toContainEqual(await keysOf(version));
    for (const owner of await metastore.runs.listLeaseOwners()) await metastore.runs.releaseLeases(owner);
    const deadOwners = await metastore.callbacks.listOwners();
    const free = { owner: "nobody", leaseMs: 0, limit: 100, deadOwners };
    if (deadOwners.length > 0)
      await metastore.callbacks.release((await metastore.callbacks.claim(free)).map((owed) => owed.id));
    const second = rig.newScheduler(scripts, {
      metastore: await metastore.openAgain(),
      scheduling: SCHEDULING,
    });
    second.scheduler.start();
    const isOver = async (): Promise<boolean> => {
      expect([[], all]).toContainEqual(await keysOf(version));
      const { staged, states } = await metastore.runs.findTransactions(id);
      const isSettled = staged.length === 0 && states[0] !== undefined && states[0].state !== "committing";
      const owners = await metastore.callbacks.listOwners();
      return isSettled && owners.length === 0;
    };
    while (!(await isOver())) await rest(20);
    await second.scheduler.stop(0);
    const isRolledBack = process === refuse;
    expect(await keysOf(version)).toEqual(isRolledBack ? [] : all);
    const due = isRolledBack
      ? ["etl.load.rollback", "etl.rollback"]
      : ["etl.commit", "etl.load.commit", "etl.process.commit"];
    expect([...called].toSorted()).toEqual(due);
    if (!death.isDead) await first.scheduler.stop(0);
    return death.isDead;
  }

  const refuse: Script = () => failed("no rows");
  const succeed: Script = () => "done";

  test.each([
    ["before", "commit", succeed],
    ["after", "commit", succeed],
    ["before", "rollback", refuse],
    ["after", "rollback", refuse],
  ] as const)("killed just %s each step of a %s", async (when, _outcome, process) => {
    let step = 0;
    while (await killAt(step, when, process)) step += 1;
    // Passes, a joint put, and what is written about callbacks.
    expect(step).toBeGreaterThan(6);
    expect(step).toBeLessThan(MOST_STEPS);
  });
});
