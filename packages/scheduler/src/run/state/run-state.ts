// The state of one run in this process. No other part of this folder keeps what a pass decided.

import type {
  AttemptOutcome,
  CacheStatus,
  CacheStorage,
  CallbackEvent,
  ClaimedRun,
  DagRun,
  DagVersion,
  EntryWrites,
  ExecutorEvent,
  KeyAnswer,
  NewCallback,
  Reason,
  RunTransactions,
  SavedEntry,
  SerializedCacheConfig,
  StoredError,
  TaskInstance,
  XCom,
} from "@memodag/core";
import type { LookupVerdict } from "@memodag/result-cache";
import { ValueIntake, type PlacedXCom } from "../../attempts/value-intake.ts";
import { isMeantForCache } from "../../cache/store-status.ts";
import type { MadeKey } from "../../cache/made-key.ts";
import { newCallback } from "../../callbacks/new-callback.ts";
import type { RunContext } from "../../context/run-context.ts";
import { CachedGroups } from "../../graph/cached-groups.ts";
import { InstanceMap } from "../../graph/instance-map.ts";
import type { DagNode } from "../../graph/dag-graph.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";
import { selectedTasks } from "../../graph/selected-tasks.ts";
import { TransactionUnits, type TransactionUnit } from "../../graph/transaction-units.ts";
import type { RunGraph } from "../../graph/version-graphs.ts";
import { RunResults, type Returned } from "../../values/run-results.ts";
import { GraphWork } from "./graph-work.ts";
import { InstanceTable } from "./instance-table.ts";
import { TransactionTable } from "./transaction-table.ts";

const NO_TRANSACTIONS: RunTransactions = { states: [], staged: [], rollingBack: [] };

/** An event of a task that the scheduler carries out; `waits`: it has started to wait. */
export interface StepEvent extends ReadyInstance {
  readonly kind: "step";
  readonly tryNumber: number;
  readonly outcome: AttemptOutcome | { readonly kind: "waits" };
}

/** The store of a result in the cache ended. */
export interface StoredEvent extends ReadyInstance {
  readonly kind: "stored";
  readonly cacheStatus: CacheStatus;
  readonly cacheReason: Reason | null;
}

/** The results of a transaction were stored, or could not be. */
export interface CommittedEvent {
  readonly kind: "committed";
  readonly unit: TransactionUnit;
  /** The outcome of each; undefined: none is stored yet. */
  readonly stored: readonly StoredEvent[] | undefined;
}

/** Key functions answered. */
export interface KeyedEvent {
  readonly kind: "keyed";
  readonly asked: readonly ReadyInstance[];
  /** In the order of the instances. */
  readonly answers: readonly KeyAnswer[];
  readonly processesStarted: number;
}

/** An event that a run receives between passes; `keys_awaited`: key functions take long to answer. */
export type RunEvent =
  | ExecutorEvent
  | StoredEvent
  | StepEvent
  | KeyedEvent
  | CommittedEvent
  | { readonly kind: "keys_awaited" };

/** True for an event that only the executor can report again. */
export function isOfAttempt(event: RunEvent): event is ExecutorEvent {
  return event.kind === "started" || event.kind === "finished";
}

/** Events that no pass has acted on, in order. */
export class Inbox {
  readonly events: RunEvent[] = [];
  /** Requests a pass. */
  readonly wake: () => void;

  constructor(wake: () => void) {
    this.wake = wake;
  }

  /** Adds an event and requests a pass that acts on it. */
  put(event: RunEvent): void {
    this.events.push(event);
    this.wake();
  }

  /** Adds an event that can wait for a pass that happens anyway. */
  leave(event: RunEvent): void {
    this.events.push(event);
  }
}

/** A value that a pass will refer to; without a store, it has to be written to the database first. */
interface HeldValue {
  readonly key: string;
  readonly digest: string;
  readonly store?: string | null;
  readonly bytes: Uint8Array;
}

/** An XCom that is to be written. Its bytes stay in memory until it is. */
export interface PendingXCom extends XCom {
  readonly bytes: Uint8Array;
  /** A store has the value. */
  isHeld: boolean;
}

/** A result, or a failure, that is to be stored in the cache. */
export interface StoreJob extends ReadyInstance {
  /** The instance as its attempt left it. */
  readonly row: TaskInstance;
  readonly config: SerializedCacheConfig;
  readonly xcoms: readonly PlacedXCom[];
  /** The packages that the attempt's worker loaded, and when it was started. */
  readonly code: Pick<Extract<AttemptOutcome, { kind: "succeeded" }>, "packages" | "spawnedAt" | "expiresAt">;
  /** The failure to remember; `null` for a result. */
  readonly error: StoredError | null;
  /** The keys that its attempt saved or removed, known once its end is written. Absent: none. */
  saved?: readonly SavedEntry[];
}

/** An instance that ran and succeeded in a transaction. */
export interface EndedMember extends ReadyInstance {
  readonly unit: TransactionUnit;
  /** The job that stores its results; undefined: nothing is to be stored. */
  readonly job: StoreJob | undefined;
}

/** A miss that is to be explained once it is written: of an instance, or of a transaction with one record. */
export interface Miss {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly storage: CacheStorage;
  readonly made: Pick<MadeKey, "key" | "recorded">;
  readonly verdict: LookupVerdict;
}

/** Rows, values, the graph's progress, and the other data of the next write. */
export class RunState {
  readonly #context: RunContext;
  run: DagRun;
  /** How often the run had been changed manually when it was loaded. */
  readonly handCount: number;
  readonly version: DagVersion;
  /** See {@link RunGraph}. */
  readonly paths: readonly number[];
  readonly table: InstanceTable;
  readonly results: RunResults;
  readonly work: GraphWork;
  /** The numbers of the tasks that run, if not all do. */
  readonly selected: ReadonlySet<number> | null;
  readonly inbox: Inbox;
  readonly intake: ValueIntake;
  /** Instances by their attempts that are chosen or submitted, as long as their outcome is waited for. */
  readonly underWay: Map<string, ReadyInstance> = new Map<string, ReadyInstance>();
  /** Keys of instances that ran or have to run, until their result is stored. */
  readonly keys: InstanceMap<MadeKey>;
  /** Answers of key functions, until the instance has asked the cache. */
  readonly keyAnswers: InstanceMap<KeyAnswer>;
  /** True during a pass. */
  isPassing = false;
  /** Values that the next pass writes besides rows. */
  readonly xcoms: PendingXCom[] = [];
  readonly owed: NewCallback[] = [];
  /** Explanations to request once a pass is written. */
  misses: Miss[] = [];
  storeJobs: StoreJob[] = [];
  /** Members of transactions that ended in this pass. */
  endedMembers: EndedMember[] = [];
  readonly units: TransactionUnits;
  readonly groups: CachedGroups;
  readonly transactions: TransactionTable;
  /** The changes of the next pass to entries. */
  readonly entries: { publish: EntryWrites["publish"][number][]; restore: EntryWrites["restore"][number][] } =
    {
      publish: [],
      restore: [],
    };
  /** Events of attempts that passes have acted on since the last write. */
  unwritten: ExecutorEvent[] = [];

  constructor(
    context: RunContext,
    claimed: ClaimedRun,
    { version, graph, paths = [] }: RunGraph,
    wake: () => void,
  ) {
    this.paths = paths;
    this.#context = context;
    this.run = claimed.run;
    this.handCount = claimed.handCount;
    this.version = version;
    this.table = new InstanceTable(graph.nodes.length, () => context.clock.now());
    const { xcomValues, values, maxUncommittedBytes } = context;
    this.results = new RunResults(claimed.run.team, graph, xcomValues, values, maxUncommittedBytes);
    const { selection } = claimed.run;
    this.selected = selection ? selectedTasks(graph, selection) : null;
    this.work = new GraphWork(graph, this.table, this.selected);
    this.units = new TransactionUnits(version.dag, graph);
    this.groups = new CachedGroups(version.dag, graph);
    this.transactions = new TransactionTable(claimed.transactions ?? NO_TRANSACTIONS);
    this.inbox = new Inbox(wake);
    this.keys = new InstanceMap(graph.nodes.length);
    this.keyAnswers = new InstanceMap(graph.nodes.length);
    this.intake = new ValueIntake(claimed.run.team, context.xcomValues, (attemptId) => {
      const instance = this.underWay.get(attemptId);
      const config = instance?.node.task.cache;
      if (!instance || !config || config.mode === "read") return undefined;
      const row = this.table.find(instance.node, instance.mapIndex);
      return row && isMeantForCache(row) ? context.caches.of(claimed.run.team, config) : undefined;
    });
  }

  /** Of attempts, what no pass that was written has acted on. */
  get unacted(): ExecutorEvent[] {
    return [...this.unwritten, ...this.inbox.events.filter(isOfAttempt), ...this.intake.underWay];
  }

  /** Takes what an executor tells; the end of an attempt once its values are where they are to be remembered. */
  hear(event: ExecutorEvent): void {
    const handOn = (placed: ExecutorEvent): void => this.inbox.put(placed);
    if (!this.intake.tryPlace(event, handOn)) handOn(event);
  }

  /** Queues the callback for an instance's outcome, to be recorded with it; most tasks have no callback. */
  owe(event: CallbackEvent, { task }: DagNode, row: TaskInstance): void {
    const { callbacks, newAttemptId } = this.#context;
    const owed = callbacks && newCallback(event, task, row, newAttemptId);
    if (owed) this.owed.push(owed);
  }

  /** Takes what an instance returned and pushed: for the database, and for the tasks below it. */
  keep({ node, mapIndex }: ReadyInstance, values: readonly HeldValue[], returned: Returned | null): void {
    const { taskId } = node.task;
    for (const { key, digest, bytes, store } of values) {
      const place = { store: store ?? null, isHeld: store !== undefined };
      this.xcoms.push({ taskId, mapIndex, key, digest, sizeBytes: bytes.length, bytes, ...place });
    }
    this.results.keepBytes(values);
    if (returned) this.results.setReturned(node, mapIndex, returned);
  }

  /** Removes an instance that no longer exists. */
  remove(node: DagNode, mapIndex: number): void {
    this.results.forgetReturned(node, mapIndex);
    this.keys.delete(node, mapIndex);
    this.transactions.unstage({ taskId: node.task.taskId, mapIndex });
    this.table.remove(node, mapIndex);
  }
}
