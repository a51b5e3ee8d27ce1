// What attempts came back with: hashed here, kept as XComs, and stored in the cache once it is committed.

import {
  RETURN_VALUE,
  digestOfBytes,
  messageOf,
  type AttemptOutcome,
  type CacheStatus,
  type DagRun,
  type Digest,
  type LoadedPackage,
  type PackageVersion,
  type Reason,
  type ReasonCode,
  type SerializedCacheConfig,
  type SerializedDag,
  type StoredError,
  type TaskInstance,
  type XCom,
  type XComWrite,
} from "@memodag/core";
import {
  cacheKey,
  type CacheEntry,
  type MissReason,
  type PutMode,
  type StoreOutcome,
} from "@memodag/result-cache";
import type { DagNode } from "../graph/dag-graph.ts";
import type { CacheStep } from "./cache-step.ts";
import type { ReadyInstance } from "./ready-instance.ts";
import { isOwnFailure } from "./remembered-failure.ts";
import type { RunContext } from "./run-context.ts";
import { findInputChange, type InputChanged } from "./input-change.ts";
import { statusAfterStore, storeFailed } from "./store-status.ts";
import type { Returned, RunResults } from "./run-results.ts";

/** A store came to an end. */
export interface ResultEvent {
  readonly kind: "stored";
  readonly node: DagNode;
  readonly mapIndex: number;
  readonly cacheStatus: CacheStatus;
  readonly cacheReason: Reason | null;
}

/** A successful attempt, hashed. */
export interface AcceptedResult {
  readonly change: Partial<TaskInstance>;
  readonly xcoms: readonly (XComWrite & { readonly bytes: Uint8Array })[];
  readonly returned: Returned;
}

/** Entries that the next result replaces. */
const STALE: ReadonlySet<ReasonCode> = new Set<MissReason>(["expired", "from_future"]);

type Succeeded = Extract<AttemptOutcome, { kind: "succeeded" }>;
type Failed = Extract<AttemptOutcome, { kind: "failed" }>;

/** The packages that an attempt's worker loaded, and when it was started. */
interface LoadedCode {
  readonly packages: readonly LoadedPackage[];
  readonly spawnedAt?: number;
}

interface StoreJob {
  readonly node: DagNode;
  readonly instance: TaskInstance;
  readonly key: Digest;
  readonly config: SerializedCacheConfig;
  readonly xcoms: AcceptedResult["xcoms"];
  /** What the attempt loaded. */
  readonly code: LoadedCode;
  /** The failure to remember; `null`: a result is. */
  readonly error: StoredError | null;
}

/** The statuses under which a finished attempt's result goes into the cache. */
const STORING: ReadonlySet<CacheStatus | null> = new Set<CacheStatus>([
  "miss",
  "skipped",
  "lookup_timeout",
  "lookup_failure",
]);

/** Results on their way into the database and the cache, of one run. */
export class AttemptResults {
  readonly #context: RunContext;
  readonly #cacheStep: CacheStep;
  readonly #report: (event: ResultEvent) => void;
  readonly #locked: ReadonlySet<string>;
  #jobs: StoreJob[] = [];
  readonly #stores = new Set<Promise<void>>();

  constructor(
    context: RunContext,
    { packages }: SerializedDag,
    cacheStep: CacheStep,
    report: (event: ResultEvent) => void,
  ) {
    this.#locked = new Set(packages.map(({ name, version }) => `${name}@${version}`));
    this.#context = context;
    this.#cacheStep = cacheStep;
    this.#report = report;
  }

  /** Results that are still to be stored in the cache. */
  get pending(): number {
    return this.#jobs.length + this.#stores.size;
  }

  /** Results that are being stored at this moment. */
  get storing(): number {
    return this.#stores.size;
  }

  /** Resolves when the stores that are under way have ended; each has its deadline. */
  async whenStored(): Promise<void> {
    await Promise.all(this.#stores);
  }

  /** True while the result of this instance, or its failure, is on its way into the cache. */
  isPending({ node, mapIndex }: ReadyInstance): boolean {
    return this.#jobs.some((job) => job.node === node && job.instance.mapIndex === mapIndex);
  }

  /** True when the result of an attempt at this instance is meant for the cache. */
  willStore(instance: TaskInstance): boolean {
    return instance.cacheKey !== null && STORING.has(instance.cacheStatus);
  }

  /** Takes an XCom of an earlier holder's row. */
  load(results: RunResults, xcom: XCom): void {
    if (xcom.key === RETURN_VALUE) results.setReturned(results.nodeOf(xcom.taskId), xcom.mapIndex, xcom);
  }

  /** Hashes what a worker sent; what it says of digests is never asked. */
  async accept(node: DagNode, instance: TaskInstance, outcome: Succeeded): Promise<AcceptedResult> {
    const { taskId, mapIndex } = instance;
    const xcoms = await Promise.all(
      outcome.xcoms.map(async ({ key, bytes }) => {
        const digest = await digestOfBytes(bytes);
        return { taskId, mapIndex, key, digest, sizeBytes: bytes.length, bytes };
      }),
    );
    const returned = xcoms.find((xcom) => xcom.key === RETURN_VALUE);
    if (!returned) throw new Error(`the executor reported a success of "${taskId}" without a return value`);
    let change: Partial<TaskInstance> = {};
    const config = node.task.cache;
    if (this.willStore(instance) && instance.cacheKey !== null && config) {
      const reason = outcome.uncacheable ?? this.#codeChange(outcome.packages);
      if (reason === null) {
        this.#jobs.push({
          node,
          instance,
          key: instance.cacheKey,
          config,
          xcoms,
          code: outcome,
          error: null,
        });
      } else {
        change = { cacheStatus: "uncacheable", cacheReason: reason };
      }
    }
    return { change, xcoms, returned };
  }

  /**
   * Takes a final failure, which is remembered where the author asked for it: the task's own error alone,
   * and only when the executor vouches that it came of nothing but what is in the key.
   */
  acceptFailure(node: DagNode, instance: TaskInstance, failed: Failed): void {
    const { error, uncacheable, packages, spawnedAt } = failed;
    const config = node.task.cache;
    const key = instance.cacheKey;
    if (!config || config.errorsTtlMs === null || key === null || !this.willStore(instance)) return;
    if (!isOwnFailure(error) || uncacheable !== null || !packages || this.#codeChange(packages)) return;
    const code = { packages, ...(spawnedAt !== undefined && { spawnedAt }) };
    this.#jobs.push({ node, instance, key, config, xcoms: [], code, error });
  }

  /** Why the code that ran is not the code of the key: a package was loaded that is not as it was locked. */
  #codeChange(loaded: readonly PackageVersion[]): Reason | null {
    const other = loaded.find(({ name, version }) => !this.#locked.has(`${name}@${version}`));
    if (!other) return null;
    const what = `package ${other.name} ${other.version} is not what the Dag was read with`;
    return { code: "code_changed", detail: { what } };
  }

  /** Starts what has been accepted; call once it is committed, so that the attempt was ours. */
  startStores(run: DagRun): void {
    for (const job of this.#jobs.splice(0)) {
      const store = this.#store(run, job);
      this.#stores.add(store);
      void store.then(() => this.#stores.delete(store));
    }
  }

  async #store(run: DagRun, job: StoreJob): Promise<void> {
    const { node, instance } = job;
    let status;
    try {
      status = statusAfterStore(job.instance, job.error, await this.#put(run, job));
    } catch (error) {
      // The key could not be made again: without it there is nothing to store under.
      status = { cacheStatus: "put_failure" as const, cacheReason: storeFailed(messageOf(error)) };
    }
    this.#report({ kind: "stored", node, mapIndex: instance.mapIndex, ...status });
  }

  async #put(
    run: DagRun,
    { node, instance, key, config, xcoms, code, error }: StoreJob,
  ): Promise<StoreOutcome | InputChanged> {
    const { task } = node;
    const ready = { node, mapIndex: instance.mapIndex };
    const codeChange = await this.#cacheStep.findPackageChange(code.packages, code.spawnedAt);
    if (codeChange !== null) return { kind: "input_changed", reason: codeChange };
    // Looked at anew: what the task read is in the key only if it is what it was when the key was made.
    const surroundings = await this.#cacheStep.surroundingsOf(node);
    if (surroundings.kind === "unknown") return { kind: "input_changed", reason: surroundings.reason };
    const before = await this.#cacheStep.surroundingsOfKey(key, node);
    const change = findInputChange(before, surroundings);
    if (change !== null) return inputChanged(change);
    const components = await this.#cacheStep.componentsOf(run, ready, config, surroundings);
    if (cacheKey(components) !== key) return inputChanged("what the key was made of");
    const ttlMs = error ? config.errorsTtlMs : config.ttlMs;
    const entry: CacheEntry = {
      record: {
        team: run.team,
        key,
        dagId: run.dagId,
        taskId: task.taskId,
        sourceHash: task.sourceHash,
        components: await this.#cacheStep.recordedComponentsOf(run, ready, config, components, surroundings),
        error,
        producer: { runId: run.runId, mapIndex: instance.mapIndex, tryNumber: instance.tryNumber },
        durationMs: instance.durationMs ?? 0,
        ttlMs: ttlMs === "default" ? this.#context.defaultTtlMs() : ttlMs,
      },
      xcoms,
    };
    // An entry that is too old for this reader may be live for its writer: kept, it would miss for ever.
    const isStale = instance.cacheReason !== null && STALE.has(instance.cacheReason.code);
    // A failure never takes the place of a result that others may still use.
    const isReplacing = error === null && (instance.cacheStatus === "skipped" || isStale);
    const mode: PutMode = isReplacing ? "replace" : "keep-live";
    return await this.#context.cache.store(entry, mode);
  }
}

function inputChanged(what: string): InputChanged {
  return { kind: "input_changed", reason: { code: "input_changed", detail: { what } } };
}
