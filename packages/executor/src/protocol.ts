// The messages between an executor and its worker. A worker runs user code, so its messages are
// validated.

import { isAbsolute } from "node:path";
import {
  findReason,
  reasonSentence,
  RETURN_VALUE,
  type Attempt,
  type AttemptOutcome,
  type AttemptResult,
  type EntryReply,
  type EntryRequest,
  type HumanQuestion,
  type JsonValue,
  type LoadedPackage,
  type PushedXCom,
  type Reason,
  type ReasonCode,
  type StoredError,
  type ValueCacheCall,
  type XComAddress,
} from "@memodag/core";
import { readEntryRequest } from "./entry-requests.ts";
import type { Frame } from "./frame.ts";
import { fromPlaced, toPlaced, type PlacedResults } from "./placed-results.ts";

/** The descriptor of the channel in the worker. */
export const CHANNEL_FD = 3;

/** The log and the folder that a worker started ahead takes over with its attempt. */
export interface TakeOver {
  /** Becomes stdout and stderr. */
  readonly logPath: string;
  /** Becomes the working directory. */
  readonly cwd: string;
}

/** The attempt for which a worker is started. */
export interface RunOrder {
  readonly kind: "run";
  /** Absent: the worker was started for this attempt, with its log and its folder. */
  readonly takeOver?: TakeOver;
  /** Set if the process is to wait for another attempt after this one. Absent: it ends. */
  readonly isReused?: true;
  readonly attempt: Attempt;
  /** The bytes of the values that the attempt refers to. */
  readonly results: ReadonlyMap<string, AttemptResult>;
  /** Path of the artifact's file. */
  readonly artifactPath: string;
  /** Folder of the bundle, in which the worker runs. */
  readonly bundleDir: string;
  /** Folder of the Dag file, from which the artifact's imports resolve. */
  readonly baseDir: string;
  /** Environment variables that libraries may read in a cached task. */
  readonly ordinaryEnv: readonly string[];
  /** All variables that the task may see. The process of a task that is tracked starts with fewer. */
  readonly environment: Readonly<Record<string, string>>;
  /** Folder for the files with a command's arguments and result; `null`: not a command. */
  readonly exchangeDir: string | null;
  /** Maximum size of a returned or pushed value, in bytes of JSON. */
  readonly maxXComBytes: number;
}

/** A question of a running task. */
export type Question =
  | ({ readonly kind: "xcom" } & XComAddress)
  | { readonly kind: "variable"; readonly name: string }
  | ({ readonly kind: "human" } & HumanQuestion)
  | ({ readonly kind: "value" } & ValueCacheCall)
  /** With the bytes of a small entry that is saved. */
  | { readonly kind: "entries"; readonly request: EntryRequest; readonly bytes: Uint8Array | null };

/** An answer: UTF-8 text, `null` if nothing was found, or why there is no answer. */
export type Answer =
  | { readonly kind: "found"; readonly bytes: Uint8Array | null; readonly reply?: EntryReply }
  | { readonly kind: "failed"; readonly error: StoredError };

/** An answer that is not a failure. */
export type FoundAnswer = Extract<Answer, { kind: "found" }>;

/**
 * Messages of an executor. `prepare` comes before an attempt is known: the worker loads what any attempt needs, and
 * nothing of a task. `abort` asks the handler to stop; otherwise it is killed later.
 */
export type ToWorker =
  | RunOrder
  | { readonly kind: "prepare" }
  | { readonly kind: "abort"; readonly error: StoredError }
  | { readonly kind: "answer"; readonly id: number; readonly answer: Answer };

/**
 * Messages of a worker. One that was started ahead is `ready` when it may get an attempt, and has `begun` when it has
 * taken over its log and its folder: before that it has run nothing of the attempt.
 */
export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "begun" }
  /** After the outcome of an attempt that reuses its process: nothing of the attempt is left, and it may get another. */
  | { readonly kind: "idle" }
  | { readonly kind: "outcome"; readonly outcome: AttemptOutcome }
  /** `id` is chosen by the worker and repeated in the answer. */
  | { readonly kind: "question"; readonly id: number; readonly question: Question };

/** Encodes a message of an executor. */
export function toWorkerFrame(message: ToWorker): Frame {
  if (message.kind === "abort" || message.kind === "prepare") return { message, blobs: [] };
  if (message.kind === "answer") return toAnswerFrame(message);
  const { results, blobs } = toPlaced(message.results);
  // The references would be of no use to the worker, which has the bytes.
  return { message: { ...message, attempt: { ...message.attempt, results: [] }, results }, blobs };
}

function toAnswerFrame(message: Extract<ToWorker, { kind: "answer" }>): Frame {
  const { answer } = message;
  if (answer.kind === "failed") return { message, blobs: [] };
  const { bytes } = answer;
  return { message: { ...message, answer: { ...answer, bytes: null } }, blobs: bytes ? [bytes] : [] };
}

/** Decodes a message of an executor, which workers trust. */
export function fromExecutorFrame({ message, blobs }: Frame): ToWorker {
  const said = message as { readonly kind: string };
  if (said.kind === "abort" || said.kind === "prepare") return message as ToWorker;
  if (said.kind === "answer") {
    const answer = message as Extract<ToWorker, { kind: "answer" }>;
    const bytes = blobs[0];
    return bytes ? ({ ...answer, answer: { ...answer.answer, bytes } } as typeof answer) : answer;
  }
  const order = message as Omit<RunOrder, "results"> & { readonly results: PlacedResults };
  return { ...order, results: fromPlaced(order.results, blobs) };
}

/** Encodes a message of a worker. */
export function toExecutorFrame(message: FromWorker): Frame {
  if (message.kind === "question") return toQuestionFrame(message);
  if (message.kind !== "outcome") return { message, blobs: [] };
  const { kind, outcome } = message;
  if (outcome.kind !== "succeeded") return { message: { kind, outcome }, blobs: [] };
  const keys = outcome.xcoms.map(({ key }) => key);
  return {
    message: { kind, outcome: { ...outcome, xcoms: keys } },
    blobs: outcome.xcoms.map(({ bytes }) => bytes),
  };
}

function toQuestionFrame(message: Extract<FromWorker, { kind: "question" }>): Frame {
  const { question } = message;
  if (question.kind !== "entries") return { message, blobs: [] };
  const { bytes } = question;
  return { message: { ...message, question: { ...question, bytes: null } }, blobs: bytes ? [bytes] : [] };
}

/** Decodes and validates a message of a worker. Returns `undefined` if it is invalid. */
export function fromWorkerFrame({ message, blobs }: Frame): FromWorker | undefined {
  if (!isRecord(message)) return undefined;
  const { kind } = message;
  if (kind === "ready" || kind === "begun" || kind === "idle") return { kind };
  if (kind === "question") return readQuestion(message, blobs);
  if (kind !== "outcome") return undefined;
  const outcome = readOutcome(message["outcome"], blobs);
  return outcome && { kind: "outcome", outcome };
}

function readQuestion(
  { id, question }: Record<string, unknown>,
  blobs: readonly Uint8Array[],
): FromWorker | undefined {
  if (!Number.isSafeInteger(id) || !isRecord(question)) return undefined;
  const asked = { kind: "question", id: id as number } as const;
  const { kind, name, taskId, mapIndex, key } = question;
  if (kind === "variable" && isName(name)) return { ...asked, question: { kind, name } };
  if (kind === "human") {
    const human = readHumanQuestion(question);
    return human && { ...asked, question: { kind, ...human } };
  }
  if (kind === "value") {
    const { cache, method, args } = question;
    // Its arguments are checked by the cache.
    if (!isName(cache) || !isName(method) || !Array.isArray(args)) return undefined;
    return { ...asked, question: { kind, cache, method, args: args as JsonValue[] } };
  }
  if (kind === "entries") {
    const request = readEntryRequest(question["request"]);
    return request && { ...asked, question: { kind, request, bytes: blobs[0] ?? null } };
  }
  const isAddress = isName(taskId) && isName(key) && Number.isSafeInteger(mapIndex);
  if (kind !== "xcom" || !isAddress) return undefined;
  return { ...asked, question: { kind, taskId, mapIndex: mapIndex as number, key } };
}

/** A request is validated again when it is stored. */
function readHumanQuestion({ act, text, timeoutMs }: Record<string, unknown>): HumanQuestion | undefined {
  if (act === "find" || act === "expire") return { act };
  if (act !== "open" || typeof text !== "string" || text.length > LONGEST_REQUEST) return undefined;
  return timeoutMs === null || isTime(timeoutMs) ? { act, text, timeoutMs } : undefined;
}

function readOutcome(value: unknown, blobs: readonly Uint8Array[]): AttemptOutcome | undefined {
  if (!isRecord(value)) return undefined;
  const { kind, durationMs } = value;
  if (!isTime(durationMs)) return undefined;
  if (kind === "failed") {
    const { error, retryable } = value;
    if (!isRecord(error) || typeof retryable !== "boolean") return undefined;
    const { code, message } = error;
    if (typeof code !== "string" || !CODE.test(code) || typeof message !== "string") return undefined;
    const failure = { kind, error: { code, message: storable(message) }, durationMs, retryable } as const;
    const packages = readPackages(value["packages"]);
    const uncacheable = readReason(value["uncacheable"]);
    // With incomplete evidence, the failure is not cached.
    return packages && uncacheable !== undefined ? { ...failure, uncacheable, packages } : failure;
  }
  if (kind === "rescheduled") {
    const { afterMs } = value;
    return isTime(afterMs) ? { kind, afterMs, durationMs } : undefined;
  }
  if (kind === "skipped") {
    const { reason } = value;
    return typeof reason === "string" ? { kind, reason: storable(reason), durationMs } : undefined;
  }
  if (kind !== "succeeded") return undefined;
  const uncacheable = readReason(value["uncacheable"]);
  const xcoms = readXComs(value["xcoms"], blobs);
  if (!xcoms || uncacheable === undefined) return undefined;
  const packages = readPackages(value["packages"]);
  const { expiresAt } = value;
  if (expiresAt !== undefined && (typeof expiresAt !== "number" || !Number.isFinite(expiresAt)))
    return undefined;
  const expiry = expiresAt === undefined ? {} : { expiresAt };
  return packages && { kind, xcoms, durationMs, uncacheable, packages, ...expiry };
}

/** Reasons for which a worker may report that its result must not be stored. */
const WORKER_REASONS: ReadonlySet<string> = new Set<ReasonCode>([
  "undeclared_input",
  "code_changed",
  "runtime_changed",
  "state_left",
]);

/** Undefined if it is not a valid reason. */
function readReason(value: unknown): Reason | null | undefined {
  if (value === null) return null;
  if (!isRecord(value)) return undefined;
  const reason = findReason(value["code"], value["detail"]);
  if (!reason || !WORKER_REASONS.has(reason.code)) return undefined;
  const sentence = reasonSentence(reason);
  return sentence === storable(sentence) ? reason : undefined;
}

const CODE = /^[a-z][a-z_]{0,63}$/;
const LONGEST_KEY = 250;
const LONGEST_NAME = 1_000;
/** Characters of a request to a person. */
const LONGEST_REQUEST = 1_000_000;
const LONGEST_PATH = 4_096;
const LONGEST_MESSAGE = 16_384;
/** A century, in milliseconds: dates computed from it have to be valid. */
const LONGEST_TIME_MS = 100 * 366 * 86_400_000;

/** Neither NaN nor infinite, which JSON can express as 1e999. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= LONGEST_TIME_MS;
}

/** True for a name that every database accepts. */
function isName(value: unknown): value is string {
  return (
    typeof value === "string" && value !== "" && value.length <= LONGEST_NAME && value === storable(value)
  );
}

/**
 * Returns a string that every database accepts, of limited length: without lone surrogates and U+0000.
 */
function storable(text: string): string {
  return text.slice(0, LONGEST_MESSAGE).toWellFormed().replaceAll("\0", "\ufffd");
}

function readPackages(value: unknown): LoadedPackage[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const packages: LoadedPackage[] = [];
  for (const item of value as unknown[]) {
    if (!isRecord(item)) return undefined;
    const { name, version, folder } = item;
    // Without its folder, a package cannot be compared.
    if (!isName(name) || !isName(version) || !isFolder(folder)) return undefined;
    packages.push({ name, version, folder });
  }
  return packages;
}

function isFolder(value: unknown): value is string {
  return (
    typeof value === "string" && isAbsolute(value) && value.length <= LONGEST_PATH && !value.includes("\0")
  );
}

/** One value per key, including the returned value. */
function readXComs(keys: unknown, blobs: readonly Uint8Array[]): PushedXCom[] | undefined {
  if (!Array.isArray(keys) || keys.length !== blobs.length) return undefined;
  const xcoms = new Map<string, PushedXCom>();
  for (const [index, bytes] of blobs.entries()) {
    const key: unknown = keys[index];
    if (!isName(key) || key.length > LONGEST_KEY || xcoms.has(key)) return undefined;
    xcoms.set(key, { key, bytes });
  }
  return xcoms.has(RETURN_VALUE) ? [...xcoms.values()] : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
