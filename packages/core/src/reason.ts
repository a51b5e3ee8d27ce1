// Reasons for what the cache did with a task instance: a code of a closed union, and its detail.

import type { JsonObject } from "./json/json-value.ts";

/** An object of the sentence, such as `file:data/rows.csv` or a message of another program. */
type What = { readonly what: string };
type SizeLimit = { readonly sizeBytes: number; readonly limitBytes: number };

/** The detail of each code; `null` if it has none. */
export interface ReasonDetails {
  // Caching is off.
  readonly not_asked_for: null;
  readonly dag_off: null;
  readonly run_off: null;
  /** The user who turned it off for the whole deployment, and when or where. */
  readonly switched_off: What;
  // The cache is on, but was not asked.
  readonly refresh_requested: null;
  /** The task's cache mode is `refresh`. */
  readonly task_refreshes: null;
  readonly cleared: null;
  // The lookup was not a hit.
  readonly no_entry: null;
  readonly expired: null;
  readonly from_future: null;
  /** There is a result, and the task ran to compare its own with it. */
  readonly recheck: null;
  /** The task returned other bytes than the entry held, which was removed: a prefix of their digest. */
  readonly recheck_differs: { readonly storedDigest: string };
  /** Older than the run accepts, and not older than the task does. */
  readonly expired_for_run: null;
  /** A remembered failure, and the run takes none. */
  readonly run_errors_off: null;
  /** The record has no signature, and [signatures] mode is strict. */
  readonly unsigned: null;
  /** The record is signed with a key that is not among [signatures] public_keys. */
  readonly signer_unknown: null;
  /** The record, or its signature, is not as it was signed. */
  readonly signature_invalid: null;
  readonly result_missing: null;
  readonly integrity_failed: null;
  readonly lookup_failed: What;
  /** The database rejected the result of a hit. */
  readonly result_not_storable: What;
  /** The instance and run that hold the lease of the key. */
  readonly waiting: What;
  /** A hit: the record is of another scope, which is named. */
  readonly of_scope: What;
  /** A cached failure was replayed, or this failure was cached. */
  readonly stored_failure: null;
  // The result cannot be cached.
  readonly input_too_large: SizeLimit;
  readonly projected_input_too_large: SizeLimit;
  readonly result_too_large: SizeLimit;
  /** The task's cache mode is `read`. */
  readonly read_only: null;
  /** The lock of the key is strict, and was lost before the result was stored. */
  readonly lease_lost: null;
  /** The result had expired when it was to be stored. */
  readonly already_expired: null;
  /** The key cannot be computed: code and message of the error. */
  readonly key_failed: { readonly errorCode: string; readonly what: string };
  /** The key function returned null. */
  readonly no_key: null;
  /** The key function did not answer in time. */
  readonly key_timeout: null;
  /** The key function gave another answer after the attempt than before. */
  readonly key_changed: null;
  /** The key function was asked and has not answered yet. */
  readonly waiting_for_key: null;
  readonly surroundings_unknown: null;
  readonly unfollowed_code: What;
  /** Undeclared inputs, such as `env.REGION`. */
  readonly undeclared_input: { readonly names: readonly string[] };
  readonly runtime_unknown: What;
  readonly runtime_changed: What;
  /** The attempt changed its process, in which other attempts of the task run: what was changed. */
  readonly state_left: What;
  readonly program_unknown: What;
  readonly input_late: What;
  readonly input_unreadable: What;
  readonly input_changed: What;
  readonly code_changed: What;
  /** A prefix of the digest in the entry. */
  readonly nondeterministic: { readonly storedDigest: string };
  readonly store_failed: What;
  /** The task saved entries, and the record store cannot restore them. */
  readonly entries_not_kept: null;
  // The result belongs to a transaction.
  /** It is stored when the transaction is committed. */
  readonly in_transaction: { readonly transaction: string };
  /** The transaction was rolled back, and why. */
  readonly rolled_back: { readonly transaction: string; readonly what: string };
  /** A task of the transaction has a state that was set manually, and no value. */
  readonly state_set: null;
  // The transaction has one record.
  /** A hit: the result is part of the record of the transaction. */
  readonly of_transaction: { readonly transaction: string };
  /** The record of the transaction is no hit, by the code of the reason. */
  readonly transaction_missed: { readonly transaction: string; readonly what: string };
  /** The transaction is not looked up, or its record not stored, and why. */
  readonly transaction_uncacheable: { readonly transaction: string; readonly what: string };
  /** The transaction waits for a task outside of it, and is looked up when that has ended. */
  readonly waiting_for_transaction: { readonly transaction: string; readonly what: string };
  /** The instance waits for the lock of its serializable transaction. */
  readonly waiting_for_lock: { readonly transaction: string; readonly what: string };
  /** The instance waits for the rollback callbacks of the transaction. */
  readonly waiting_for_rollback: { readonly transaction: string };
  /** A sentence of an earlier version that matches no code. */
  readonly other: What;
}

/** The code of a reason, for programs. */
export type ReasonCode = keyof ReasonDetails;

/** A reason with a given code. */
export type ReasonOf<Code extends ReasonCode> = ReasonDetails[Code] extends null
  ? { readonly code: Code; readonly detail?: undefined }
  : { readonly code: Code; readonly detail: ReasonDetails[Code] };

/** A reason for what the cache did. */
export type Reason = { [Code in ReasonCode]: ReasonOf<Code> }[ReasonCode];

type FieldKind = "string" | "number" | "names";

/** The fields of each code's detail; also the list of codes at run time. */
const FIELDS: { readonly [Code in ReasonCode]: Readonly<Record<string, FieldKind>> } = {
  not_asked_for: {},
  dag_off: {},
  run_off: {},
  switched_off: { what: "string" },
  refresh_requested: {},
  task_refreshes: {},
  cleared: {},
  no_entry: {},
  expired: {},
  from_future: {},
  recheck: {},
  recheck_differs: { storedDigest: "string" },
  expired_for_run: {},
  run_errors_off: {},
  unsigned: {},
  signer_unknown: {},
  signature_invalid: {},
  result_missing: {},
  integrity_failed: {},
  lookup_failed: { what: "string" },
  result_not_storable: { what: "string" },
  waiting: { what: "string" },
  of_scope: { what: "string" },
  stored_failure: {},
  input_too_large: { sizeBytes: "number", limitBytes: "number" },
  projected_input_too_large: { sizeBytes: "number", limitBytes: "number" },
  result_too_large: { sizeBytes: "number", limitBytes: "number" },
  read_only: {},
  lease_lost: {},
  already_expired: {},
  key_failed: { errorCode: "string", what: "string" },
  no_key: {},
  key_timeout: {},
  key_changed: {},
  waiting_for_key: {},
  surroundings_unknown: {},
  unfollowed_code: { what: "string" },
  undeclared_input: { names: "names" },
  runtime_unknown: { what: "string" },
  runtime_changed: { what: "string" },
  state_left: { what: "string" },
  program_unknown: { what: "string" },
  input_late: { what: "string" },
  input_unreadable: { what: "string" },
  input_changed: { what: "string" },
  code_changed: { what: "string" },
  nondeterministic: { storedDigest: "string" },
  store_failed: { what: "string" },
  entries_not_kept: {},
  in_transaction: { transaction: "string" },
  rolled_back: { transaction: "string", what: "string" },
  state_set: {},
  of_transaction: { transaction: "string" },
  transaction_missed: { transaction: "string", what: "string" },
  transaction_uncacheable: { transaction: "string", what: "string" },
  waiting_for_transaction: { transaction: "string", what: "string" },
  waiting_for_lock: { transaction: "string", what: "string" },
  waiting_for_rollback: { transaction: "string" },
  other: { what: "string" },
};

/** Every code. */
export const REASON_CODES: readonly ReasonCode[] = Object.keys(FIELDS) as ReasonCode[];

/** Returns the reason of a code and a detail, without extra fields; undefined if they are invalid. */
export function findReason(code: unknown, detail: unknown): Reason | undefined {
  if (typeof code !== "string" || !Object.hasOwn(FIELDS, code)) return undefined;
  const fields = Object.entries(FIELDS[code as ReasonCode]);
  if (fields.length === 0) return { code } as Reason;
  if (typeof detail !== "object" || detail === null) return undefined;
  const given = detail as Readonly<Record<string, unknown>>;
  if (!fields.every(([name, kind]) => isOfKind(given[name], kind))) return undefined;
  return { code, detail: Object.fromEntries(fields.map(([name]) => [name, given[name]])) } as Reason;
}

function isOfKind(value: unknown, kind: FieldKind): boolean {
  if (kind !== "names") return typeof value === kind;
  return Array.isArray(value) && value.every((name) => typeof name === "string");
}

/** True if both reasons are the same, or both are null. */
export function isSameReason(a: Reason | null, b: Reason | null): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** A reason in a report: as a sentence, and as code and detail for programs. */
export interface ReasonReport {
  readonly cacheReason: string | null;
  readonly cacheReasonCode: ReasonCode | null;
  readonly cacheReasonDetail: JsonObject | null;
}

/** Returns the three fields of a reason in a report. */
export function reportReason(reason: Reason | null): ReasonReport {
  return {
    cacheReason: reason && reasonSentence(reason),
    cacheReasonCode: reason && reason.code,
    cacheReasonDetail: (reason?.detail as JsonObject | undefined) ?? null,
  };
}

/** Formats a reason as a sentence. The only place that does so. */
export function reasonSentence(reason: Reason): string {
  switch (reason.code) {
    case "not_asked_for":
      return "the task does not say cache: true";
    case "dag_off":
      return "the Dag says cache: false";
    case "run_off":
      return "the run was started with --no-cache";
    case "refresh_requested":
      return "a refresh was asked for";
    case "task_refreshes":
      return "the task's cache mode is refresh";
    case "read_only":
      return "read_only: the task's cache mode is read, which stores nothing";
    case "already_expired":
      return "already_expired: the result expired before it was stored";
    case "no_key":
      return "no_key: the key function returned null";
    case "key_timeout":
      return "key_timeout: the key function did not answer in time";
    case "key_changed":
      return "key_changed: the key function gave another answer after the task had run";
    case "waiting_for_key":
      return "waiting for its key function";
    case "lease_lost":
      return "lease_lost: the lock of the key was lost before the result was stored";
    case "surroundings_unknown":
      return "the surroundings were not looked at";
    case "cleared":
    case "no_entry":
    case "expired":
    case "from_future":
    case "result_missing":
    case "integrity_failed":
    case "stored_failure":
      return reason.code;
    case "recheck_differs":
      return `recheck_differs: the entry held ${reason.detail.storedDigest} and was removed, this run returned other bytes`;
    case "recheck":
      return "recheck: the result that is there was compared";
    case "expired_for_run":
      return "expired_for_run: older than the run's --cache-ttl";
    case "run_errors_off":
      return "the run was started with --no-cached-errors";
    case "unsigned":
      return "unsigned: the entry has no signature, and [signatures] mode is strict";
    case "signer_unknown":
      return "signer_unknown: the entry is signed with a key that [signatures] public_keys does not have";
    case "signature_invalid":
      return "signature_invalid: the entry is not as it was signed";
    case "entries_not_kept":
      return "entries_not_kept: the record store keeps no entries of job caches";
    case "in_transaction":
      return `waiting for the commit of transaction ${reason.detail.transaction}`;
    case "rolled_back":
      return `transaction ${reason.detail.transaction}: ${reason.detail.what}`;
    case "state_set":
      return "state_set: a task of its transaction has a state that was set manually, and no value";
    case "of_scope":
      return `the record of scope ${reason.detail.what}`;
    case "of_transaction":
      return `the record of transaction ${reason.detail.transaction}`;
    case "transaction_missed":
      return `the record of transaction ${reason.detail.transaction}: ${reason.detail.what}`;
    case "transaction_uncacheable":
      return `transaction ${reason.detail.transaction} is not cached: ${reason.detail.what}`;
    case "waiting_for_transaction":
      return `waiting for ${reason.detail.what}, before transaction ${reason.detail.transaction} is looked up`;
    case "waiting_for_lock":
      return `waiting for ${reason.detail.what}, to enter transaction ${reason.detail.transaction}`;
    case "waiting_for_rollback":
      return `waiting for the rollback of transaction ${reason.detail.transaction}`;
    case "waiting":
      return `waiting for ${reason.detail.what}`;
    case "input_too_large":
      return `input_too_large: ${reason.detail.sizeBytes} bytes, more than max_input_size of ${reason.detail.limitBytes}`;
    case "projected_input_too_large":
      return `projected_input_too_large: ${reason.detail.sizeBytes} bytes, more than max_projected_size of ${reason.detail.limitBytes}`;
    case "result_too_large":
      return `result_too_large: ${reason.detail.sizeBytes} bytes, more than max_result_size of ${reason.detail.limitBytes}`;
    case "key_failed":
      return `${reason.detail.errorCode}: ${reason.detail.what}`;
    case "nondeterministic":
      return `nondeterministic: the entry holds ${reason.detail.storedDigest}, this run returned other bytes`;
    case "undeclared_input":
      return `undeclared_input(${reason.detail.names.join(", ")})`;
    case "switched_off":
    case "lookup_failed":
    case "store_failed":
    case "other":
      return reason.detail.what;
    default:
      return `${reason.code}(${reason.detail.what})`;
  }
}
