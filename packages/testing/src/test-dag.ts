// A Dag under test: its runs, and the cache that they share.

import {
  DEFAULT_TEAM,
  MemodagError,
  parseDuration,
  sha256,
  silentLogger,
  systemClock,
  type DagRun,
  type DagVersion,
  type Logger,
} from "@memodag/core";
import { openMetastore, type Metastore } from "@memodag/metastore";
import {
  CacheLeases,
  KeyLocks,
  MemoryByteStore,
  MemoryLeaseStore,
  MemoryRecordStore,
  MemoryResultStore,
  ResultCache,
  Values,
} from "@memodag/result-cache";
import { answerAttempts, RunEntries, Scheduler, triggerRun } from "@memodag/scheduler";
import type { Dag } from "@memodag/sdk";
import {
  isDag,
  listHandlers,
  listKeyFunctions,
  listTaskIds,
  replaceHandlers,
  serializeDag,
} from "@memodag/sdk/runtime";
import { answerRequests, requireAnswers } from "./answers.ts";
import { IdleTime } from "./idle-time.ts";
import { InProcessExecutor } from "./in-process-executor.ts";
import { InProcessKeys, MemoryKeyMemos } from "./key-functions.ts";
import { KeptBlobs, type TestBlobs } from "./kept-blobs.ts";
import { CodeIdentities, readMocks } from "./mocks.ts";
import { giveOptions, readTime, type GivenOptions, type TestRunOptions } from "./run-options.ts";
import { ManualClock } from "@memodag/core/testing";
import { SharedEntries } from "./shared-entries.ts";
import { readTestedRun, type TestedRun } from "./tested-run.ts";

/** Options of all runs of a test, and its start time. */
export interface TestDagOptions extends TestRunOptions {
  /** An ISO 8601 string or a Date. Default: 2026-01-01T00:00Z. */
  readonly now?: Date | string;
}

/** A Dag under test. */
export interface DagTest {
  /** The test's time. It stands still while tasks run, and advances at once when they only wait. */
  readonly now: Date;
  /** Advances the time between runs, such as by `"8d"`. */
  advance(duration: string): void;
  /**
   * Runs the Dag to its end. Runs of a test are executed one after another, and share a cache and named job caches.
   * Options given here override those of the test.
   * @throws MemodagError `task_not_found` and `usage` for mocks, `conf_invalid` for params, `dag_invalid`
   */
  run(options?: TestRunOptions): Promise<TestedRun>;
}

const DEFAULT_NOW = "2026-01-01T00:00:00Z";

/** The defaults of `default_ttl` and `max_input_size` in `[task_cache]`. */
const DEFAULT_TTL_MS = 7 * 86_400_000;
const MAX_SIZE = 16 * 2 ** 20;

/** Never expires in practice: no other process uses the store. */
const NEVER_MS = 100 * 365 * 86_400_000;

/** In real time. In memory, anything that takes longer is a bug. */
const PATIENCE_MS = 60_000;

const ARTIFACT = { code: new Uint8Array(), digest: sha256(new Uint8Array()) };

/**
 * Creates a test of a Dag. It uses the real scheduler and real cache keys, in this process and in memory:
 * no
 * file is written and no process is started. A job cache and a value cache of any name is there.
 *
 * @example
 * ```ts
 * const test = testDag(dag, { mocks: { load: [1, 2, 3] } });
 * const first = await test.run({ params: { depth: 3 } });
 * expect(first.task("train").returned).toEqual({ score: 0.9 });
 * const second = await test.run({ params: { depth: 3 } });
 * expect(second.cacheStatuses.train).toBe("hit");
 * ```
 */
export function testDag(dag: Dag, options: TestDagOptions = {}): DagTest {
  if (!isDag(dag)) throw new MemodagError("usage", "testDag() was called without a Dag: use testDag(dag, …)");
  return new InMemoryTest(dag, options);
}

class InMemoryTest implements DagTest {
  readonly #dag: Dag;
  readonly #options: TestDagOptions;
  readonly #clock: ManualClock;
  readonly #records: MemoryRecordStore;
  readonly #results: MemoryResultStore;
  readonly #bytes = new MemoryByteStore();
  readonly #blobs: TestBlobs = new Map();
  readonly #shared: SharedEntries;
  readonly #code = new CodeIdentities();
  readonly #keyMemos = new MemoryKeyMemos();
  #last: Promise<unknown> = Promise.resolve();

  constructor(dag: Dag, options: TestDagOptions) {
    this.#dag = dag;
    this.#options = options;
    this.#clock = new ManualClock(readTime("now", options.now ?? DEFAULT_NOW));
    this.#records = new MemoryRecordStore(this.#clock);
    this.#shared = new SharedEntries(this.#clock, MAX_SIZE);
    this.#results = new MemoryResultStore(this.#clock);
  }

  get now(): Date {
    return new Date(this.#clock.now());
  }

  advance(duration: string): void {
    this.#clock.advanceTo(this.#clock.now() + parseDuration(duration));
  }

  async run(options: TestRunOptions = {}): Promise<TestedRun> {
    const run = this.#last.then(() => this.#run(options));
    this.#last = run.catch(() => undefined);
    return await run;
  }

  async #run(own: TestRunOptions): Promise<TestedRun> {
    const options = giveOptions(this.#options, own, this.#clock.now());
    requireAnswers(this.#dag, options.answers, Object.keys(options.mocks));
    const dag = replaceHandlers(this.#dag, readMocks(this.#dag, options.mocks));
    // A new database for each run, because a Dag can have only one run per date. The cache is what they
    // share.
    const metastore = await openMetastore("sqlite::memory:");
    try {
      await metastore.migrate();
      return await this.#runIn(metastore, dag, options);
    } finally {
      await metastore.close();
    }
  }

  async #runIn(metastore: Metastore, dag: Dag, options: GivenOptions): Promise<TestedRun> {
    const version = await this.#save(metastore, dag, options);
    const run = await triggerRun(metastore.runs, this.#clock, {
      version,
      conf: options.conf,
      params: options.params,
      logicalDate: options.logicalDate,
      cacheMode: options.cache,
    });
    const variables = Object.entries(options.variables).map(([name, value]) => ({ name, value }));
    const values = new Values({ metadata: metastore.results, clock: systemClock });
    const entries = await this.#entriesOf(metastore, run);
    const queries = answerAttempts({
      runs: metastore.runs,
      values,
      humans: metastore.humans,
      variables,
      env: {},
      entries,
    });
    const executor = new InProcessExecutor(dag, {
      clock: this.#clock,
      queries: answerRequests(queries, options.answers, this.#clock),
      values,
    });
    const parts = { executor, entries, keyMaker: new InProcessKeys(dag, values) };
    const ended = await this.#execute(metastore, parts, run, options.env);
    await this.#shared.keep(metastore.entries);
    return await readTestedRun({ runs: metastore.runs, values }, version, ended, executor);
  }

  /** Bytes outlive a run's database, as results do. */
  async #entriesOf(metastore: Metastore, { id }: DagRun): Promise<RunEntries> {
    const store = new KeptBlobs(metastore.entries, this.#blobs);
    await store.restore();
    await this.#shared.restore(metastore.entries, id);
    return new RunEntries({
      store: store.entries,
      findCache: this.#shared.find,
      openStore: async () => this.#bytes,
      maxInlineBytes: () => MAX_SIZE,
      breaker: { breakerThreshold: 1_000, breakerRestMs: 1 },
      lookupTimeoutMs: () => PATIENCE_MS,
      runs: metastore.runs,
      clock: systemClock,
      log: silentLogger,
    });
  }

  async #save({ dags }: Metastore, dag: Dag, { mocks, code }: GivenOptions): Promise<DagVersion> {
    const handlers = listHandlers(dag);
    const sourceHashes = new Map(
      listTaskIds(dag).map((taskId) => [
        taskId,
        this.#code.digestOf(handlers.get(taskId), mocks[taskId], code[taskId]),
      ]),
    );
    const keyHashes = new Map(
      Array.from(listKeyFunctions(dag), ([taskId, call]) => [
        taskId,
        this.#code.digestOf(call, undefined, undefined),
      ]),
    );
    const serialized = serializeDag(dag, { artifactDigest: ARTIFACT.digest, sourceHashes, keyHashes });
    await dags.saveDagFile({
      kind: "read",
      file: {
        bundle: "test",
        path: "test.ts",
        team: DEFAULT_TEAM,
        fingerprint: "",
        inputs: "",
        warnings: [],
      },
      artifact: ARTIFACT,
      dags: [serialized],
      sources: [],
    });
    const [version] = await dags.findDagVersions(dag.dagId, DEFAULT_TEAM);
    if (!version) throw new Error("the Dag was not saved");
    return version;
  }

  async #execute(
    metastore: Metastore,
    parts: {
      readonly executor: InProcessExecutor;
      readonly entries: RunEntries;
      readonly keyMaker: InProcessKeys;
    },
    run: DagRun,
    env: Readonly<Record<string, string>>,
  ): Promise<DagRun> {
    const fault = Promise.withResolvers<never>();
    const log: Logger = {
      ...silentLogger,
      // It would be retried indefinitely; in memory, any error is a bug.
      error: (message, fields) => fault.reject(new Error(`${message}: ${JSON.stringify(fields)}`)),
    };
    const idle = new IdleTime(this.#clock, parts.executor);
    const breaker = { breakerThreshold: 1_000, breakerRestMs: 1 };
    const cache = new ResultCache({
      records: this.#records,
      results: this.#results,
      counters: metastore.counters,
      keepsEntries: true,
      // Deadlines are in real time, independent of the test's clock.
      clock: systemClock,
      log,
      options: {
        lookupTimeoutMs: () => PATIENCE_MS,
        storeTimeoutMs: () => PATIENCE_MS,
        maxResultSize: () => MAX_SIZE,
        ...breaker,
      },
    });
    const keyLeases = new CacheLeases({
      store: new MemoryLeaseStore(systemClock),
      clock: systemClock,
      log,
      options: { leaseMs: PATIENCE_MS, timeoutMs: () => PATIENCE_MS, ...breaker },
    });
    const scheduler = new Scheduler({
      runs: metastore.runs,
      callbacks: metastore.callbacks,
      dags: metastore.dags,
      cache,
      values: new Values({ metadata: metastore.results, clock: systemClock }),
      ...parts,
      keyMemos: this.#keyMemos,
      keyLocks: new KeyLocks(keyLeases),
      clock: this.#clock,
      log,
      cachingOffReason: () => null,
      secrets: { patterns: [], key: new Uint8Array(32) },
      // Delays that are randomized are the same in every run of a test.
      random: () => 0.5,
      env,
      listener: { instanceChanged: (_, instance) => idle.changed(instance) },
      options: {
        leaseMs: NEVER_MS,
        pollMs: () => NEVER_MS,
        maxRuns: () => 1,
        defaultTtlMs: () => DEFAULT_TTL_MS,
        maxInputSize: () => MAX_SIZE,
        maxProjectedSize: () => MAX_SIZE,
      },
    });
    const over = scheduler.whenOver(run.id);
    scheduler.start();
    // The test's clock does not keep the process alive.
    const alive = setInterval(() => undefined, PATIENCE_MS);
    let ended: DagRun;
    try {
      ended = await Promise.race([over, fault.promise]);
      await Promise.race([scheduler.whenCallbacksCalled(), fault.promise]);
    } finally {
      clearInterval(alive);
      await scheduler.stop(0);
    }
    // They would fire in the next run of the test.
    if (this.#clock.pending > 0) throw new Error(`${this.#clock.pending} timers outlived their scheduler`);
    return ended;
  }
}
