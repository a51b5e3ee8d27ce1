// The ports through which schedulers and worker hosts of other machines meet: attempts that wait for a worker,
// the hosts that run them, and the tokens that let hosts in. Implemented by the metastore.
//
// The database decides what starts and what ends: a queue may lose, repeat and reorder what it carries. Times are
// those of the database's clock, in milliseconds since the Unix epoch.

import type { Digest } from "../digest.ts";
import type { StoredError } from "../dag-run.ts";
import type { Attempt } from "./executor.ts";

/** An attempt as a host receives it. Plain JSON; values are by reference. */
export interface AttemptOrder {
  readonly attempt: Attempt;
  /**
   * The values of the variables that the task declares, as the scheduler computed the key with them; the host lays
   * them over its own. A declared variable that is missing here is not set.
   */
  readonly env: Readonly<Record<string, string>>;
}

/** An attempt to be given to some worker. */
export interface NewRemoteAttempt {
  readonly order: AttemptOrder;
  /** Larger starts first. */
  readonly priority: number;
}

/** `waiting`: no worker has it. `started`: one has. `ended`: its outcome is there until it is settled. */
export type RemoteAttemptState = "waiting" | "started" | "ended";

/** How far an attempt is. */
export interface RemoteAttemptStatus {
  readonly attemptId: string;
  readonly queue: string;
  readonly team: string;
  readonly dagId: string;
  readonly taskId: string;
  readonly priority: number;
  readonly state: RemoteAttemptState;
  /** The name of the host that started it; `null`: none has. */
  readonly worker: string | null;
}

/** Answers a host that asks for an attempt. */
export type StartAnswer =
  | { readonly kind: "started"; readonly order: AttemptOrder }
  | { readonly kind: "refused"; readonly reason: StartRefusal };

/** `superseded`: its instance has another attempt, or none. `forbidden`: it is not for workers with this token. */
export type StartRefusal =
  | "unknown"
  | "started_elsewhere"
  | "ended"
  | "cancelled"
  | "superseded"
  | "forbidden";

/** The queues and teams of a token; `null`: all. */
export interface WorkerScope {
  readonly queues: readonly string[] | null;
  readonly teams: readonly string[] | null;
}

/** The heartbeat of a host. */
export interface WorkerBeat {
  /** Ids of the attempts that it runs, or whose end it has not delivered yet. */
  readonly running: readonly string[];
}

/** The answer to a beat. */
export interface BeatAnswer {
  /** False: the host is not registered (any more); it registers again and ends what it runs. */
  readonly isKnown: boolean;
  /** Of the attempts that it named: those that are not its own any more. It ends them. */
  readonly lost: readonly string[];
  /** Attempts that it started a while ago and did not name: it does not have them. It ends them. Absent: none. */
  readonly unnamed?: readonly string[];
  /** Those that are to be ended, and why. */
  readonly cancel: readonly { readonly attemptId: string; readonly error: StoredError }[];
  /** True: it takes nothing more, and ends when it runs nothing more. */
  readonly isDraining: boolean;
}

/** When an attempt counts as lost with its host. Milliseconds. */
export interface LossLimits {
  /** Since the host's last beat. */
  readonly beatMs: number;
  /** Since its link ended without a goodbye. */
  readonly linkMs: number;
}

/** Attempts that workers of other machines run. */
export interface RemoteAttemptStore {
  /** Adds attempts that wait; one that is there already stays as it is. */
  add(attempts: readonly NewRemoteAttempt[]): Promise<void>;
  /** Returns those of these attempts that there are. */
  statuses(attemptIds: readonly string[]): Promise<RemoteAttemptStatus[]>;
  /** Returns the outcomes of those of these attempts that have ended, as {@link RemoteAttemptStore.end} received them. */
  outcomes(attemptIds: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>;
  /**
   * Ends attempts that still wait, with this outcome, and asks for the end of those that have started.
   * @returns the ids of those that were ended at once
   */
  cancel(attemptIds: readonly string[], error: StoredError, outcome: Uint8Array): Promise<string[]>;
  /**
   * Ends those of these attempts whose host is lost, with this outcome: a later one is refused.
   * @returns their ids
   */
  endLost(attemptIds: readonly string[], limits: LossLimits, outcome: Uint8Array): Promise<string[]>;
  /** Ends these attempts with this outcome, unless they have ended. */
  endNow(attemptIds: readonly string[], outcome: Uint8Array): Promise<void>;
  /** Ends those of these attempts that no host has started, with this outcome. */
  endWaiting(attemptIds: readonly string[], outcome: Uint8Array): Promise<void>;
  /** Forgets those of these attempts that have ended. */
  settle(attemptIds: readonly string[]): Promise<void>;
  /** Returns those of these attempts that have waited for at least that long. */
  listWaiting(attemptIds: readonly string[], olderThanMs: number): Promise<RemoteAttemptStatus[]>;
  /** Removes attempts that no instance names (any more), which no host runs, and whose row is that old. */
  removeStale(olderThanMs: number): Promise<void>;
  /**
   * Returns the longest wait of an attempt that a host with this scope could start now; `null` if there is none. It is
   * asked with the beats of hosts that have places free.
   */
  findLongestWait(scope: WorkerScope): Promise<QueueWait | null>;
  /** The numbers of waiting and started attempts by queue, of all schedulers. */
  countByQueue(): Promise<readonly QueueCount[]>;

  /** Gives an attempt to a host. Again the same for the host that has it, so that a lost answer can be repeated. */
  start(attemptId: string, workerId: string, scope: WorkerScope): Promise<StartAnswer>;
  /**
   * Records the end of an attempt, once. `recorded`: also for the host whose end was recorded before. `refused`: the
   * attempt is not this host's any more. An upload is the parts that were added under its name.
   */
  end(
    attemptId: string,
    workerId: string,
    outcome: Uint8Array | OutcomeUpload,
  ): Promise<"recorded" | "refused">;
  /**
   * Adds the next part of an outcome that is too large to be held whole. Parts stay as long as their attempt at most.
   * @returns false if the attempt is not this host's, or has ended
   */
  addOutcomePart(attemptId: string, workerId: string, part: OutcomePart): Promise<boolean>;
  /** Removes the parts of an upload, unless they are the attempt's outcome. */
  dropOutcomeParts(attemptId: string, upload: string): Promise<void>;
  /** Returns the attempt that a host has started and not ended; undefined if it has not, or not any more. */
  find(attemptId: string, workerId: string): Promise<AttemptOrder | undefined>;
}

/** An outcome that was stored in parts. */
export interface OutcomeUpload {
  /** Unique. */
  readonly upload: string;
}

/** A part of an outcome. */
export interface OutcomePart extends OutcomeUpload {
  /** 0, 1, 2 and so on. */
  readonly place: number;
  readonly bytes: Uint8Array;
}

/** How long the oldest attempt of some queues has waited. */
export interface QueueWait {
  readonly attemptId: string;
  readonly queue: string;
  /** Milliseconds. */
  readonly waitMs: number;
}

/** Attempts of a queue. */
export interface QueueCount {
  readonly queue: string;
  readonly waiting: number;
  readonly started: number;
  /** Milliseconds for which the oldest one has waited; `null`: none waits. */
  readonly oldestWaitMs: number | null;
}

/** A host, as it registers. */
export interface NewWorkerHost {
  /** Unique among living hosts by what the operator does; shown to people. */
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  readonly queues: readonly string[];
  readonly concurrency: number;
  /** Of memodag. */
  readonly version: string;
  /** Of Node. */
  readonly node: string;
  /** The token that it came with. */
  readonly tokenId: string;
}

/** `lost`: it has not been heard of for too long. */
export type WorkerHostState = "active" | "draining" | "lost";

/** A host that is registered. */
export interface WorkerHost extends NewWorkerHost {
  readonly id: string;
  /** Attempts that it has started and not ended. */
  readonly running: number;
  readonly registeredAt: number;
  readonly beatAt: number;
  readonly state: WorkerHostState;
}

/** A message to a host between its beats. */
export interface WorkerNotice extends Pick<BeatAnswer, "cancel" | "isDraining"> {
  readonly workerId: string;
}

/** The hosts that workers run on. */
export interface WorkerHostStore {
  /** Registers a host under a new id. */
  register(host: NewWorkerHost): Promise<string>;
  /** Returns a host that is registered: one whose id a request names. */
  find(workerId: string): Promise<Pick<WorkerHost, "id" | "name" | "tokenId" | "queues"> | undefined>;
  /** Returns those of these hosts that drain, or have started attempts that are to be ended. */
  listNotices(workerIds: readonly string[]): Promise<WorkerNotice[]>;
  /** Hears of a host, and tells it what it must know. */
  beat(workerId: string, beat: WorkerBeat): Promise<BeatAnswer>;
  /** Its link has ended without a goodbye, or is there (again). */
  linkChanged(workerId: string, isThere: boolean): Promise<void>;
  /** A host ends: what it still has is lost at once. */
  leave(workerId: string): Promise<void>;
  /** Hosts, longest registered first; `lost` ones are those over the limits. */
  list(limits: LossLimits): Promise<WorkerHost[]>;
  /** Has the hosts of that name or id take nothing more. Returns how many there are. */
  drain(nameOrId: string): Promise<number>;
  /** Removes hosts of which nothing has been heard for that long, and which have no attempts. */
  removeGone(olderThanMs: number): Promise<void>;
}

/** A token for worker hosts; its secret is not stored. */
export interface WorkerToken extends WorkerScope {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  /** `null`: never. */
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}

/** A token to be stored. */
export interface NewWorkerToken extends WorkerScope {
  readonly id: string;
  readonly name: string;
  /** SHA-256 of its secret. */
  readonly secretDigest: Digest;
  /** Milliseconds from now; `null`: never. */
  readonly validForMs: number | null;
}

/** Tokens of worker hosts. */
export interface WorkerTokenStore {
  add(token: NewWorkerToken): Promise<void>;
  /** Returns a token that is valid now, and the digest of its secret. */
  find(id: string): Promise<(WorkerToken & { readonly secretDigest: Digest }) | undefined>;
  list(): Promise<WorkerToken[]>;
  /** Returns false if there is none, or it is revoked already. */
  revoke(id: string): Promise<boolean>;
}

/** Logs of attempts that worker hosts sent. */
export interface RemoteLogStore {
  /**
   * Adds a part of an attempt's log. One that is there already, or overlaps it, changes nothing: hosts repeat.
   * @returns the length of what is there now, which the next part begins at
   */
  appendPart(attemptId: string, attempt: Attempt, from: number, bytes: Uint8Array): Promise<number>;
}

/** Hears that attempts of other machines have changed, in any process, perhaps spuriously. */
export interface RemoteChangeFeed {
  /** Calls `listener` soon after attempts or hosts have changed. Calls may be lost: look now and then, too. */
  watchAttempts(listener: () => void): Promise<{ close(): Promise<void> }>;
}
