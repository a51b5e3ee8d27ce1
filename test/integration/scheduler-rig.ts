// A real metadata database with a real scheduler over it, and attempts that end as a test says.

import {
  canonicalBytes,
  sha256,
  silentLogger,
  systemClock,
  type CacheMode,
  type CacheStorage,
  type Clock,
  type DagRun,
  type DagVersion,
  type JsonObject,
  type JsonValue,
  type Logger,
  type PackageVersion,
  type RunCacheLimits,
  type RunSelection,
  type RunStore,
  type TaskInstance,
  type XCom,
} from "@memodag/core";
import type { Metastore } from "@memodag/metastore";
import {
  CacheLeases,
  KeyLocks,
  DecisionLog,
  ResultCache,
  SharedRecords,
  type LeaseStore,
  type RecordStore,
  type ResultCacheParts,
  type ResultStore,
  Values,
} from "@memodag/result-cache";
import {
  Scheduler,
  triggerRun,
  type SchedulerListener,
  type SchedulerOptions,
  type SchedulerParts,
} from "@memodag/scheduler";
import { listHandlers, serializeDag } from "@memodag/sdk/runtime";
import type { Dag } from "memodag";
import { ScriptedExecutor, type Script } from "./scripted-executor.ts";

/** What a run came to. */
export interface RigRun {
  readonly run: DagRun;
  readonly instances: readonly TaskInstance[];
  readonly executor: ScriptedExecutor;
  /** `task` or `task[mapIndex]` → `state/cacheStatus`. */
  readonly states: Readonly<Record<string, string>>;
}

/** Settings of a rig's scheduler, which stay as they are. */
export type RigScheduling = Omit<SchedulerOptions, LiveOption> & {
  readonly [K in Exclude<LiveOption, "callbackTimeoutMs">]: ReturnType<SchedulerOptions[K]>;
};

type LiveOption =
  | "pollMs"
  | "maxRuns"
  | "defaultTtlMs"
  | "maxInputSize"
  | "maxProjectedSize"
  | "callbackTimeoutMs";

/** How a scheduler is made. */
export interface RigSchedulerOptions {
  /** The database as another process opens it; the rig's own unless said otherwise. */
  readonly metastore?: Metastore;
  /** Another scheduler's, in place of a new one. */
  readonly executor?: ScriptedExecutor;
  readonly listener?: SchedulerListener;
  readonly scheduling?: Partial<RigScheduling>;
  readonly records?: RecordStore;
  readonly results?: ResultStore;
  readonly leases?: LeaseStore;
  /** Lock stores that tasks may name. */
  readonly lockStores?: Readonly<Record<string, LeaseStore>>;
  /** How long a lock store that fails is left alone. */
  readonly lockRestMs?: number;
  readonly runs?: RunStore;
  readonly cachingOffReason?: () => string | null;
  readonly slots?: number;
  readonly lookupTimeoutMs?: number;
  readonly log?: Logger;
  readonly random?: () => number;
  readonly storeTimeoutMs?: number;
  readonly leaseTimeoutMs?: number;
  /** How long leases of cache keys last. */
  readonly keyLeaseMs?: number;
  /** The scheduler's; the system's unless said otherwise. */
  readonly clock?: Clock;
  /** How XComs refer to `results`; see the result cache. */
  readonly valueStore?: string;
  /** Stores that tasks may name; runs may refer to the results. */
  readonly named?: {
    readonly records: Readonly<Record<string, RecordStore>>;
    readonly results: Readonly<Record<string, ResultStore>>;
  };
  /** Where runs' values are that no other store has. */
  readonly metadataResults?: ResultStore;
}

/** How a run is made. */
export interface RigRunOptions extends RigSchedulerOptions {
  readonly conf?: JsonObject;
  readonly params?: JsonObject;
  readonly cacheMode?: CacheMode;
  readonly selection?: RunSelection;
  readonly cacheLimits?: RunCacheLimits;
}

const SCHEDULING: RigScheduling = {
  leaseMs: 30_000,
  pollMs: 1_000,
  maxRuns: 16,
  defaultTtlMs: 7 * 86_400_000,
  maxInputSize: 1_000_000,
  maxProjectedSize: 1_000_000,
};

function optionsOf({
  pollMs,
  maxRuns,
  defaultTtlMs,
  maxInputSize,
  maxProjectedSize,
  ...others
}: RigScheduling): SchedulerOptions {
  return {
    ...others,
    pollMs: () => pollMs,
    maxRuns: () => maxRuns,
    defaultTtlMs: () => defaultTtlMs,
    maxInputSize: () => maxInputSize,
    maxProjectedSize: () => maxProjectedSize,
  };
}

export class SchedulerRig {
  readonly metastore: Metastore;
  #storeNamed: (name: string) => ResultStore | undefined = () => undefined;

  constructor(metastore: Metastore) {
    this.metastore = metastore;
  }

  /** Puts a Dag into the database as the Dag processor would; `source` stands for its code. */
  async define(
    dag: Dag,
    source = "v1",
    team = "default",
    packages: readonly PackageVersion[] = [],
  ): Promise<DagVersion> {
    const code = new TextEncoder().encode(`// ${source}`);
    const artifact = { digest: sha256(code), code };
    const sourceHashes = new Map(
      Array.from(listHandlers(dag).keys(), (taskId) => [taskId, sha256(`${source} ${taskId}`)]),
    );
    const serialized = serializeDag(dag, { artifactDigest: artifact.digest, sourceHashes, packages });
    const file = { bundle: "tests", path: `${team}/${serialized.dagId}.ts`, team };
    await this.metastore.dags.saveDagFile({
      kind: "read",
      file: { ...file, fingerprint: source, inputs: "", warnings: [] },
      artifact,
      dags: [serialized],
      sources: [],
    });
    const [version] = await this.metastore.dags.findDagVersions(serialized.dagId, team);
    if (!version) throw new Error("the Dag was not saved");
    return version;
  }

  /** A scheduler with an executor of its own; nothing is started. */
  newScheduler(
    scripts: Readonly<Record<string, Script>>,
    options: RigSchedulerOptions = {},
  ): { readonly scheduler: Scheduler; readonly executor: ScriptedExecutor } {
    const metastore = options.metastore ?? this.metastore;
    // Stores of a test may forget what they have, unless it says that they do not.
    const { valueStore = options.results ? undefined : null } = options;
    const { results } = options;
    this.#storeNamed = (name) => (name === valueStore ? results : options.named?.results[name]);
    const clock = options.clock ?? systemClock;
    const values = new Values({
      clock,
      metadata: options.metadataResults ?? metastore.results,
      storeNamed: this.#storeNamed,
    });
    const executor = options.executor ?? new ScriptedExecutor(scripts, values, options.slots);
    const common = {
      ...(valueStore !== undefined && { valueStore }),
      records: options.records ?? metastore.records,
      results: options.results ?? metastore.results,
    };
    const openCache = (stores: CacheStores): ResultCache =>
      new ResultCache({
        ...stores,
        values,
        counters: metastore.counters,
        clock,
        log: silentLogger,
        options: {
          lookupTimeoutMs: () => options.lookupTimeoutMs ?? 5_000,
          storeTimeoutMs: () => options.storeTimeoutMs ?? 5_000,
          maxResultSize: () => 2 ** 24,
          breakerThreshold: 5,
          breakerRestMs: 30_000,
        },
      });
    const openLeases = (store: LeaseStore): CacheLeases =>
      new CacheLeases({
        store,
        clock,
        log: silentLogger,
        options: {
          leaseMs: options.keyLeaseMs ?? 30_000,
          timeoutMs: () => options.leaseTimeoutMs ?? 1_000,
          breakerThreshold: 3,
          breakerRestMs: options.lockRestMs ?? 30_000,
        },
      });
    const { named } = options;
    const scheduler = new Scheduler({
      runs: options.runs ?? metastore.runs,
      callbacks: metastore.callbacks,
      dags: metastore.dags,
      ...cachesOf(common, openCache, named),
      values,
      keyLocks: new KeyLocks(openLeases(options.leases ?? metastore.leases), (_, name) =>
        openLeases(options.lockStores?.[name] ?? metastore.leases),
      ),
      decisionLog: new DecisionLog({
        decisions: metastore.decisions,
        records: common.records,
        recordsOf: (_, { keyStorage = "" }) => named?.records[keyStorage] ?? common.records,
        findSources: (team, hashes) => metastore.dags.findTaskSources(team, hashes),
        clock,
        log: silentLogger,
      }),
      executor,
      clock,
      log: options.log ?? silentLogger,
      ...(options.random && { random: options.random }),
      cachingOffReason: options.cachingOffReason ?? (() => null),
      env: {},
      secrets: { patterns: ["*TOKEN*"], key: new Uint8Array(32) },
      ...(options.listener && { listener: options.listener }),
      options: optionsOf({ ...SCHEDULING, ...options.scheduling }),
    });
    return { scheduler, executor };
  }

  /** One run to its end. */
  async run(
    version: DagVersion,
    scripts: Readonly<Record<string, Script>>,
    options: RigRunOptions = {},
  ): Promise<RigRun> {
    const { scheduler, executor } = this.newScheduler(scripts, options);
    const { id } = await triggerRun(this.metastore.runs, systemClock, {
      version,
      conf: options.conf ?? {},
      params: options.params ?? {},
      logicalDate: Date.now(),
      cacheMode: options.cacheMode ?? "use",
      selection: options.selection,
      cacheLimits: options.cacheLimits,
    });
    const over = scheduler.whenOver(id);
    scheduler.start();
    const run = await over;
    await scheduler.whenCallbacksCalled();
    await scheduler.stop(0);
    const instances = await this.metastore.runs.listTaskInstances(version.team, id);
    const states = Object.fromEntries(
      instances.map(({ taskId, mapIndex, state, cacheStatus }) => [
        mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`,
        `${state}/${cacheStatus}`,
      ]),
    );
    return { run, instances, executor, states };
  }

  /** Values by digest, wherever the scheduler that was made last would look for them. */
  async values(team: string, xcoms: readonly XCom[]): Promise<Map<string, Uint8Array>> {
    const storeNamed = this.#storeNamed;
    return await new Values({ metadata: this.metastore.results, storeNamed, clock: systemClock }).read(
      team,
      xcoms,
    );
  }

  /** What a task of a run returned. */
  async returned({ run }: RigRun, taskId: string, mapIndex = -1): Promise<JsonValue> {
    const [xcom] = await this.metastore.runs.listXComs(run.team, run.id, { taskId, mapIndex });
    if (!xcom) throw new Error(`${taskId} returned nothing`);
    const bytes = await this.values(run.team, [xcom]);
    return JSON.parse(Buffer.from(bytes.get(xcom.digest) ?? canonicalBytes(null)).toString()) as JsonValue;
  }
}

type CacheStores = Pick<ResultCacheParts, "records" | "results" | "valueStore">;

/** One cache for each pair of stores that tasks name. */
function cachesOf(
  common: CacheStores & { readonly records: RecordStore },
  open: (stores: CacheStores) => ResultCache,
  named: RigSchedulerOptions["named"],
): Pick<SchedulerParts, "cache" | "namedCaches"> {
  if (!named) return { cache: open(common) };
  const shared = new Map<RecordStore, SharedRecords>();
  const recordsOf = (records: RecordStore) => {
    const known = shared.get(records) ?? new SharedRecords(records);
    shared.set(records, known);
    return known.share();
  };
  const caches = new Map<string, ResultCache>();
  const find = (_team: string, { keyStorage = "", resultStorage = "" }: CacheStorage): ResultCache => {
    const key = `${keyStorage} ${resultStorage}`;
    const results = named.results[resultStorage];
    const records = recordsOf(named.records[keyStorage] ?? common.records);
    const cache =
      caches.get(key) ?? open({ ...common, records, ...(results && { results, valueStore: resultStorage }) });
    caches.set(key, cache);
    return cache;
  };
  return { cache: open({ ...common, records: recordsOf(common.records) }), namedCaches: { find } };
}
