// The JSON bodies of the worker API. Unknown fields are ignored on both sides, so that they can be added.

import type {
  BeatAnswer,
  DagFileId,
  DagPackages,
  KeyedSurroundings,
  NewWorkerHost,
  PackageVersion,
  QueueWait,
  RuntimeLevel,
  WorkerNotice,
} from "@memodag/core";

/** The body of a registration. */
export type RegisterRequest = Omit<NewWorkerHost, "tokenId">;

/** Settings of the deployment that hold on every host. */
export interface HostSettings {
  /** Variables that libraries may read in a cached task. */
  readonly ordinaryEnv: readonly string[];
  /** How much of Node's version is part of keys. */
  readonly runtime: RuntimeLevel;
  /** Milliseconds without a beat after which a host is lost. */
  readonly heartbeatTimeoutMs: number;
  /** Maximum size of a returned or pushed value, in bytes of JSON. */
  readonly maxXComBytes: number;
  readonly maxEntryBytes: number;
  /** Maximum size of the log of an attempt that is sent, in bytes. */
  readonly maxLogBytes: number;
}

/** The answer to a registration. */
export interface RegisterAnswer {
  readonly workerId: string;
  /** Milliseconds between beats. */
  readonly beatMs: number;
  readonly settings: HostSettings;
}

/** The body of a beat. */
export interface BeatRequest {
  /** The ids of the attempts that the host has. */
  readonly running: readonly string[];
  /** Attempts that it could start now. Absent: 0. */
  readonly freePlaces?: number | undefined;
}

/** The body of a beat's answer. */
export interface BeatReply extends BeatAnswer {
  /** The longest wait of an attempt that a host with free places could start now. Absent or `null`: none waits. */
  readonly longestWait?: QueueWait | null;
}

/** A cached task, and the surroundings in its key as far as it depends on the machine. */
export type ExpectedTask = Pick<KeyedSurroundings, "task" | "runtime" | "files">;

/** A Dag with tasks that a host may run. */
export interface ExpectedDag {
  readonly team: string;
  readonly dagId: string;
  readonly file: DagFileId;
  /** The packages that it was read with. */
  readonly installed: DagPackages;
  readonly packages: readonly PackageVersion[];
  /** Its cached tasks. */
  readonly tasks: readonly ExpectedTask[];
}

/** The answer to a host that compares itself with what is expected. */
export interface ExpectedReply {
  readonly dags: readonly ExpectedDag[];
}

/** The answer to a part of a log. */
export interface LogReply {
  /** The length of what is stored, which the next part begins at. */
  readonly length: number;
}

/** A line of the link. `here` comes regularly, so that a host notices a connection that is dead. */
export type LinkLine =
  | { readonly kind: "here" }
  | ({ readonly kind: "notice" } & Omit<WorkerNotice, "workerId">);

/** Milliseconds between lines of an idle link. */
export const LINK_LINE_MS = 10_000;

/** The body of an error. */
export interface Problem {
  readonly status: number;
  readonly title: string;
  readonly code: string;
  readonly detail: string;
}

const LONGEST_NAME = 250;
const MOST_QUEUES = 100;
const MOST_PLACES = 10_000;
const MOST_RUNNING = 20_000;

/** Returns a registration; undefined for what is none. */
export function readRegistration(value: unknown): RegisterRequest | undefined {
  if (!isRecord(value)) return undefined;
  const { name, host, pid, queues, concurrency, version, node } = value;
  const isValid =
    isName(name) &&
    isName(host) &&
    isName(version) &&
    isName(node) &&
    isCount(pid, Number.MAX_SAFE_INTEGER) &&
    isCount(concurrency, MOST_PLACES) &&
    isNames(queues, MOST_QUEUES) &&
    queues.length > 0;
  return isValid ? { name, host, pid, queues, concurrency, version, node } : undefined;
}

/** Returns a beat; undefined for what is none. */
export function readBeat(value: unknown): BeatRequest | undefined {
  if (!isRecord(value)) return undefined;
  const { running, freePlaces } = value;
  if (!isNames(running, MOST_RUNNING)) return undefined;
  return { running, freePlaces: isCount(freePlaces, MOST_PLACES) ? freePlaces : 0 };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isName(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value !== "" &&
    value.length <= LONGEST_NAME &&
    value.isWellFormed() &&
    !value.includes("\0")
  );
}

function isNames(value: unknown, most: number): value is string[] {
  return Array.isArray(value) && value.length <= most && value.every(isName);
}

function isCount(value: unknown, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= most;
}
