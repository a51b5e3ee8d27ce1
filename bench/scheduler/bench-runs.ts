// Runs of a Dag for benchmarks: a real scheduler, and an executor that starts no process.

import {
  AttemptLedger,
  canonicalBytes,
  sha256,
  silentLogger,
  systemClock,
  type Attempt,
  type AttemptStatus,
  type DagRun,
  type DagVersion,
  type Executor,
  type ExecutorListener,
} from "@memodag/core";
import type { Metastore } from "@memodag/metastore";
import { ResultCache, Values, type ResultCacheParts } from "@memodag/result-cache";
import { type SchedulerParts, Scheduler, triggerRun, type RunEntries } from "@memodag/scheduler";
import { listHandlers, serializeDag } from "@memodag/sdk/runtime";
import type { Dag } from "memodag";

/**
 * Starts every attempt at once, and ends it with a value of its own, of some 100 bytes: at once as well, or after so
 * many turns of the event loop.
 */
export class PretendedExecutor implements Executor {
  readonly outlives = false;
  readonly #turns: number;
  readonly #work: ((attempt: Attempt) => Promise<void>) | undefined;
  readonly #ledger = new AttemptLedger();

  /** @param work the attempt's, before it ends */
  constructor(turns = 0, work?: (attempt: Attempt) => Promise<void>) {
    this.#turns = turns;
    this.#work = work;
  }

  capacity(): number {
    return 1_000;
  }

  listen(listener: ExecutorListener): void {
    this.#ledger.listen(listener);
  }

  async submit(attempt: Attempt): Promise<"accepted"> {
    this.#ledger.begin(attempt);
    setImmediate(() => {
      this.#ledger.started(attempt.attemptId, { pid: 0 });
      if (this.#work) void this.#work(attempt).then(() => this.#endAfter(this.#turns, attempt));
      else this.#endAfter(this.#turns, attempt);
    });
    return "accepted";
  }

  async adopt(attemptIds: readonly string[]): Promise<AttemptStatus[]> {
    return this.#ledger.adopt(attemptIds);
  }

  async settle(attemptIds: readonly string[]): Promise<void> {
    this.#ledger.settle(attemptIds);
  }

  async cancel(): Promise<void> {}

  async close(): Promise<void> {}

  #endAfter(turns: number, attempt: Attempt): void {
    if (turns > 0) {
      setImmediate(() => this.#endAfter(turns - 1, attempt));
      return;
    }
    const { attemptId, taskId, mapIndex } = attempt;
    const bytes = canonicalBytes({ taskId, mapIndex, text: "x".repeat(80) });
    const xcoms = [{ key: "return_value", bytes }];
    const outcome = { kind: "succeeded" as const, xcoms, durationMs: 1, uncacheable: null, packages: [] };
    this.#ledger.finished(attemptId, outcome);
  }
}

/** The part of a metadata database that a benchmark's runs need. */
export interface BenchStores extends Pick<Metastore, "runs" | "dags" | "records" | "results"> {
  /** Where the values of runs are, unless they are among the results. */
  readonly values?: Values;
  /** How XComs refer to the results; the metadata database's unless said otherwise. */
  readonly valueStore?: string | null;
  /** The entries of its tasks; by default, there are no job caches. */
  readonly jobCaches?: RunEntries;
}

/** A scheduler over a database, with nothing to run yet. */
export class BenchRuns {
  readonly #metastore: BenchStores;
  readonly #scheduler: Scheduler;

  /** `dagId`: leaves the runs of other Dags alone. */
  constructor(
    metastore: BenchStores,
    executor: Executor = new PretendedExecutor(),
    dagId?: string,
    lookupTimeoutMs = 30_000,
    {
      signer,
      signatures,
      ...others
    }: Pick<SchedulerParts, "keyMaker" | "keyMemos" | "listener"> &
      Pick<ResultCacheParts, "signer" | "signatures"> = {},
  ) {
    this.#metastore = metastore;
    const { valueStore = null, values = new Values({ metadata: metastore.results, clock: systemClock }) } =
      metastore;
    const cache = new ResultCache({
      valueStore,
      values,
      records: metastore.records,
      results: metastore.results,
      keepsEntries: true,
      ...(signer && { signer }),
      ...(signatures && { signatures }),
      clock: systemClock,
      log: silentLogger,
      options: {
        lookupTimeoutMs: () => lookupTimeoutMs,
        storeTimeoutMs: () => 30_000,
        maxResultSize: () => 2 ** 24,
        breakerThreshold: 5,
        breakerRestMs: 30_000,
      },
    });
    this.#scheduler = new Scheduler({
      runs: metastore.runs,
      dags: metastore.dags,
      cache,
      values,
      executor,
      ...others,
      ...(metastore.jobCaches && { entries: metastore.jobCaches }),
      clock: systemClock,
      log: { ...silentLogger, error: (message, fields) => console.error(message, fields) },
      cachingOffReason: () => null,
      env: process.env,
      secrets: { patterns: [], key: new Uint8Array(32) },
      options: {
        leaseMs: 60_000,
        pollMs: () => 60_000,
        maxRuns: () => 16,
        defaultTtlMs: () => null,
        maxInputSize: () => 2 ** 24,
        maxProjectedSize: () => 2 ** 27,
        ...(dagId !== undefined && { dag: { team: "default", dagId } }),
      },
    });
    this.#scheduler.start();
  }

  /** Puts a Dag into the database; `text`: its code, for processes that load it. */
  async define(dag: Dag, text = "// benchmark"): Promise<DagVersion> {
    const code = new TextEncoder().encode(text);
    const artifact = { digest: sha256(code), code };
    const sourceHashes = new Map(Array.from(listHandlers(dag).keys(), (taskId) => [taskId, sha256(taskId)]));
    const serialized = serializeDag(dag, {
      artifactDigest: artifact.digest,
      sourceHashes,
      keyHashes: sourceHashes,
    });
    const file = { bundle: "bench", path: `${serialized.dagId}.ts`, team: "default" };
    await this.#metastore.dags.saveDagFile({
      kind: "read",
      file: { ...file, fingerprint: "", inputs: "", warnings: [] },
      artifact,
      dags: [serialized],
      sources: [],
    });
    const [version] = await this.#metastore.dags.findDagVersions(serialized.dagId);
    if (!version) throw new Error("the Dag was not saved");
    return version;
  }

  /** One run from trigger to end. */
  async run(version: DagVersion): Promise<{ readonly run: DagRun; readonly ms: number }> {
    const startedAt = performance.now();
    const { id } = await triggerRun(this.#metastore.runs, systemClock, {
      version,
      conf: {},
      params: {},
      logicalDate: null,
      cacheMode: "use",
    });
    const over = this.#scheduler.whenOver(id);
    this.#scheduler.wake();
    const run = await over;
    return { run, ms: performance.now() - startedAt };
  }

  async stop(): Promise<void> {
    await this.#scheduler.stop(0);
  }
}
