// The port for requests to people and their answers. Implemented by the metastore.

import type { AuditAct } from "../audit.ts";
import type { TaskInstanceId } from "../dag-run.ts";
import type { HumanRequest, HumanResponse, HumanUser } from "../human-request.ts";
import type { Digest } from "../digest.ts";
import type { JsonObject } from "../json/json-value.ts";

/** The attempt that asks. */
export interface AskingAttempt extends TaskInstanceId {
  readonly team: string;
  readonly dagId: string;
  readonly runId: string;
  readonly tryNumber: number;
  /** Fencing token: a request of an attempt that is no longer current is not accepted. */
  readonly attemptId: string;
}

/** A request as stored. */
export interface StoredRequest {
  readonly request: HumanRequest;
  readonly digest: Digest;
  /** `null` while it is open. */
  readonly response: HumanResponse | null;
}

/** How a request is opened. */
export interface RequestOpening {
  readonly request: HumanRequest;
  /** `null`: no time limit. */
  readonly timeoutMs: number | null;
}

/** A request that waits for an answer. */
export interface OpenRequest extends TaskInstanceId {
  readonly team: string;
  readonly dagId: string;
  readonly runId: string;
  readonly request: HumanRequest;
  readonly digest: Digest;
  /** Milliseconds since the Unix epoch. */
  readonly askedAt: number;
  /** When the time runs out; `null`: never. */
  readonly expiresAt: number | null;
}

/** The answer of a person. */
export interface NewAnswer extends TaskInstanceId {
  readonly team: string;
  /** The run's number. */
  readonly dagRunId: number;
  /** Digest of the request that the person was shown. */
  readonly digest: Digest;
  readonly chosen: readonly string[];
  readonly params: JsonObject;
  readonly user: HumanUser;
}

/**
 * The outcome of an answer.
 *
 * - `answered`: another answer came first.
 * - `changed`: the request shows something else now.
 * - `closed`: the task does not wait for an answer.
 */
export type AnswerOutcome =
  | { readonly kind: "accepted" }
  | { readonly kind: "answered"; readonly response: HumanResponse }
  | { readonly kind: "changed" }
  | { readonly kind: "closed" };

/** Requests to people. */
export interface HumanStore {
  /** Returns the request of the attempt's try. */
  findOwnRequest(attempt: AskingAttempt): Promise<StoredRequest | undefined>;
  /**
   * Opens a request, or returns the one that this try opened before.
   * @throws MemodagError `attempt_lost` if the attempt is not the current one of its instance
   */
  openRequest(attempt: AskingAttempt, opening: RequestOpening): Promise<StoredRequest>;
  /**
   * Answers the request of the attempt's try with its defaults, unless it has an answer.
   * @throws MemodagError `attempt_lost` like {@link openRequest}
   */
  expireRequest(attempt: AskingAttempt): Promise<StoredRequest>;
  /** Lists the requests that wait for an answer, oldest first. */
  listOpenRequests(filter: { readonly team?: string; readonly dagId?: string }): Promise<OpenRequest[]>;
  /** Returns the latest request of an instance, whether or not it is open. */
  findRequest(dagRunId: number, instance: TaskInstanceId): Promise<StoredRequest | undefined>;
  /** Answers a request whose task waits, and wakes the run's scheduler. Of several answers, one is accepted. */
  answerRequest(answer: NewAnswer, act: AuditAct): Promise<AnswerOutcome>;
}
