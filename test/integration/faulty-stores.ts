// Stores that fail at a chosen call of a method, and runs of a Dag that uses all of them.

import { MemodagError, systemClock, type Clock } from "@memodag/core";
import type { Metastore } from "@memodag/metastore";
import { Dag } from "memodag";
import { SchedulerRig } from "./scheduler-rig.ts";
import type { Script } from "./scripted-executor.ts";

/** How a call of a store fails: before it is carried out, or after. Without an error, there is no answer. */
export interface StoreFault {
  readonly isCarriedOut: boolean;
  readonly error?: () => Error;
}

/** All ways in which a call may fail; an error may look like a task's. */
export const STORE_FAULTS: Readonly<Record<string, StoreFault>> = {
  "throws an error of its driver": {
    isCarriedOut: false,
    error: () => new Error("connection terminated"),
  },
  "throws an infrastructure error": {
    isCarriedOut: false,
    error: () => new MemodagError("database_unreachable", "The database is away: wait"),
  },
  "throws an error with a task's code": {
    isCarriedOut: false,
    error: () => new MemodagError("value_too_large", "too much at once"),
  },
  "throws after it has done its work": {
    isCarriedOut: true,
    error: () => new Error("connection terminated"),
  },
  hangs: { isCarriedOut: false },
  "hangs after it has done its work": { isCarriedOut: true },
};

/** Calls without which no run of these Dags gets to its end. */
export const ALWAYS_CALLED: readonly string[] = [
  "callbacks.begin",
  "callbacks.remove",
  "counters.add",
  "dags.findDagVersions",
  "dags.getDagVersion",
  "decisions.keep",
  "leases.tryAcquire",
  "records.find",
  "records.put",
  "results.read",
  "results.write",
  "runs.claimRuns",
  "runs.clearTasks",
  "runs.createRun",
  "runs.findRun",
  "runs.findRunSummaries",
  "runs.listLeaseOwners",
  "runs.listPreviousCacheKeys",
  "runs.releaseLeases",
  "runs.writePass",
  "values.read",
  "values.write",
];

/** Stores of the metadata database that a scheduler calls. */
const STORES = [
  "callbacks",
  "counters",
  "dags",
  "decisions",
  "leases",
  "records",
  "runs",
] as const satisfies readonly (keyof Metastore)[];

/** Rests after faults take a hundredth of their time, and timeouts of store calls far less. */
const hasty: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic(),
  after: (ms, callback) => systemClock.after(ms < 60_000 ? ms / 100 : ms / 1_500, callback),
};

/** Counts the calls of each method, and has some of them fail. */
export class StoreCalls {
  readonly counts = new Map<string, number>();
  /** Methods of which a call has failed. */
  readonly failed = new Set<string>();
  readonly #faultAt: (method: string, call: number) => StoreFault | undefined;

  /** @param faultAt how a call of a method fails, counted from 1 */
  constructor(faultAt: (method: string, call: number) => StoreFault | undefined = () => undefined) {
    this.#faultAt = faultAt;
  }

  watch<T extends object>(name: string, store: T): T {
    return new Proxy(store, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key, target);
        if (typeof member !== "function") return member;
        const method = `${name}.${String(key)}`;
        return (...args: unknown[]): unknown => {
          const call = (this.counts.get(method) ?? 0) + 1;
          this.counts.set(method, call);
          const fault = this.#faultAt(method, call);
          if (!fault) return Reflect.apply(member, target, args);
          this.failed.add(method);
          return failedCall(fault, async () => await Reflect.apply(member, target, args));
        };
      },
    });
  }
}

async function failedCall(
  { isCarriedOut, error }: StoreFault,
  work: () => Promise<unknown>,
): Promise<unknown> {
  if (isCarriedOut) await work();
  if (error) throw error();
  return await new Promise<never>(() => undefined);
}

const otherOf = (name: string): string => `${name}-other`;
const inert = (() => null) as never;
const told = (): undefined => undefined;

/** Runs Dags in which every store has a part. */
export class FaultyRuns {
  readonly #metastore: Metastore;
  readonly #rig: SchedulerRig;
  #dagCount = 0;

  constructor(metastore: Metastore) {
    this.#metastore = metastore;
    this.#rig = new SchedulerRig(metastore);
  }

  /**
   * One run that misses and one that hits, with one slot, so that values are read that were written passes before.
   * Resolves to the state of everything, in order.
   */
  async run(calls: StoreCalls): Promise<string[]> {
    const name = `faulty${(this.#dagCount += 1)}`;
    const other = new Dag(otherOf(name));
    other.task("work", inert as () => null)();
    await this.#rig.define(other);
    const version = await this.#rig.define(this.#newDag(name));
    const states = new Set<string>();
    for (const round of [1, 2]) {
      const scripts = {
        ...SCRIPTS,
        "list.success": () => {
          states.add(`${round} callback`);
          return null;
        },
      };
      const outcome = await this.#rig.run(version, scripts, {
        metastore: this.#watched(calls),
        results: calls.watch("results", this.#metastore.results),
        metadataResults: calls.watch("values", this.#metastore.results),
        clock: hasty,
        slots: 1,
        lookupTimeoutMs: 100,
        storeTimeoutMs: 100,
        leaseTimeoutMs: 100,
        // One that was acquired without an answer has to expire.
        keyLeaseMs: 1_000,
        scheduling: { dag: { team: version.team, dagId: name } },
      });
      states.add(`${round} run: ${outcome.run.state}`);
      for (const { taskId, mapIndex, state, error } of outcome.instances)
        states.add(`${round} ${taskId}[${mapIndex}]: ${state} ${error?.code ?? ""}`);
    }
    return [...states].toSorted();
  }

  #watched(calls: StoreCalls): Metastore {
    const watched = STORES.map((store) => [store, calls.watch(store, this.#metastore[store])]);
    return { ...this.#metastore, ...Object.fromEntries(watched) };
  }

  /** Lists, branches, callbacks, leases, fields of results, and a run of another Dag that the second run resets. */
  #newDag(name: string): Dag {
    const dag = new Dag(name);
    const list = dag.task("list", inert, { cache: true, onSuccess: told });
    const each = dag.task("each", inert, { cache: { serialize: true } });
    const sum = dag.task("sum", inert, { cache: true });
    const rows = (list as () => unknown)();
    const mapped = (each as unknown as { expand(args: object): unknown }).expand({ n: rows });
    (sum as (args: object) => unknown)({ all: mapped, first: (rows as { 0: unknown })[0] });
    const isMany = dag.task("isMany", (() => true) as (args: { of: unknown }) => boolean, { cache: true });
    const yes = dag.task("yes", inert as () => null)();
    const no = dag.task("no", inert as () => null)();
    dag
      .if(isMany({ of: rows }))
      .then(yes)
      .else(no);
    dag.triggerDagRun("step", {
      dagId: otherOf(name),
      runId: "made",
      conf: { rows: rows as string },
      resetDagRun: true,
      waitForCompletion: true,
    });
    return dag;
  }
}

const SCRIPTS: Readonly<Record<string, Script>> = {
  list: () => [1, 2],
  each: (_attempt, { n }) => Number(n) * 2,
  sum: (_attempt, { all }) => JSON.stringify(all),
  isMany: () => true,
};
