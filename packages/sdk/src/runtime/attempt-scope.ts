// The interface between the worker and a running handler: what the worker provides, and what the
// handler produces besides its result.

import {
  canonicalBytes,
  MemodagError,
  readJson,
  RETURN_VALUE,
  UNMAPPED,
  formatSize,
  type AttemptContext,
  type HumanQuestion,
  type JsonValue,
  type Logger,
  type PushedXCom,
  type XComAddress,
} from "@memodag/core";
import type { TaskValueCache } from "../context/task-value-caches.ts";
import type { TaskXComs, XComRequest } from "../context/task-context.ts";
import type { EntryAccess } from "./job-caches.ts";

/** The input of one attempt. */
export interface AttemptScope {
  readonly context: AttemptContext;
  /** Context paths that may be read. `null`: all, without tracking. */
  readonly declaredContext: readonly string[] | null;
  /** If true, reads of Dag and task are tracked too, as they are not part of the key. Absent: false. */
  readonly isShared?: true | undefined;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Returns the bytes of an XCom of another task of the run. If absent, pulling them throws. */
  readonly findXCom?: (address: XComAddress) => Promise<Uint8Array | undefined>;
  /** Returns the value of a configured variable. If absent, there are no variables. */
  readonly findVariable?: (name: string) => Promise<string | undefined>;
  /** Opens a value cache, once for each name. If absent, there are none. */
  readonly openValueCache?: (name: string) => Promise<TaskValueCache>;
  /** How job caches are reached. If absent, their use throws. */
  readonly entries?: EntryAccess;
  /** Asks about the request of a task that waits for an answer. If absent, such a task cannot run. */
  readonly askHuman?: (question: HumanQuestion) => Promise<Uint8Array | undefined>;
  /** Maximum size of a returned or pushed value, in bytes of JSON. Default: no limit. */
  readonly maxValueBytes?: number;
  /**
   * Called before the handler runs, with a function that lists the undeclared reads so far. May
   * throw.
   */
  readonly watchReads?: (listUndeclaredReads: () => readonly string[]) => void;
}

/** The XComs of one attempt. Collects pushes until closed. */
export class AttemptXComs implements TaskXComs {
  private readonly pushed = new Map<string, Uint8Array>();
  private readonly scope: AttemptScope;
  private readonly noteRead: (path: string) => void;
  private isClosed = false;

  /** `noteRead` is called for every pull from another task instance. */
  constructor(scope: AttemptScope, noteRead: (path: string) => void) {
    this.scope = scope;
    this.noteRead = noteRead;
  }

  push(key: string, value: unknown): void {
    if (typeof key !== "string" || key === "" || key.length > MAX_KEY_LENGTH || key === RETURN_VALUE) {
      throw new MemodagError(
        "xcom_key_invalid",
        `${JSON.stringify(key)} cannot be pushed: use a string of 1 to ${MAX_KEY_LENGTH} characters that is not "${RETURN_VALUE}"`,
      );
    }
    if (this.isClosed) {
      throw new MemodagError(
        "context_unavailable",
        `XCom "${key}" was pushed after the task had ended: await all work that the handler starts`,
      );
    }
    this.pushed.set(key, encodeValue(value, this.scope, `XCom "${key}"`));
  }

  async pull(request: XComRequest): Promise<JsonValue> {
    const { task, taskInstance } = this.scope.context;
    const { key, taskId = task.taskId } = request;
    const isOwnTask = taskId === task.taskId;
    const mapIndex = request.mapIndex ?? (isOwnTask ? taskInstance.mapIndex : UNMAPPED);
    // After the attempt, when a callback pulls, the task's own XComs are stored with those of the
    // other tasks.
    if (isOwnTask && mapIndex === taskInstance.mapIndex && !this.isClosed) {
      const bytes = this.pushed.get(key);
      return bytes ? readJson(bytes) : null;
    }
    if (!this.scope.findXCom) {
      throw new MemodagError(
        "xcom_not_found",
        `XCom "${key}" of task "${taskId}" cannot be pulled here: take the task's result as an argument`,
        { fields: { key, taskId } },
      );
    }
    this.noteRead(`xcom(${taskId}.${key})`);
    const bytes = await this.scope.findXCom({ key, taskId, mapIndex });
    return bytes ? readJson(bytes) : null;
  }

  /** Stops collecting and returns the pushes, by key. */
  close(): PushedXCom[] {
    this.isClosed = true;
    return [...this.pushed].map(([key, bytes]) => ({ key, bytes })).sort(byKey);
  }
}

const MAX_KEY_LENGTH = 250;

/** Encodes a value that leaves a task. `name` identifies it in messages. */
export function encodeValue(
  value: unknown,
  { maxValueBytes }: Pick<AttemptScope, "maxValueBytes">,
  name: string,
): Uint8Array {
  if (maxValueBytes === undefined) return canonicalBytes(value);
  const bytes = tryEncode(value, maxValueBytes * MEASURED);
  if (bytes && bytes.length <= maxValueBytes) return bytes;
  throw xcomTooLarge(name, bytes?.length ?? null, maxValueBytes);
}

/** Sizes are measured up to this multiple of the limit; measuring costs as much memory. */
const MEASURED = 4;

function tryEncode(value: unknown, maxBytes: number): Uint8Array | undefined {
  try {
    return canonicalBytes(value, { maxBytes });
  } catch (error) {
    if (error instanceof MemodagError && error.code === "value_too_large") return undefined;
    throw error;
  }
}

/**
 * Creates the error for a value that exceeds the maximum XCom size. Sizes are in bytes of JSON;
 * `null`: too large to measure.
 */
export function xcomTooLarge(name: string, sizeBytes: number | null, limitBytes: number): MemodagError {
  const size = sizeBytes === null ? `over ${formatSize(limitBytes * MEASURED)}` : formatSize(sizeBytes);
  return new MemodagError(
    "xcom_too_large",
    `${name} is ${size} of JSON, more than [core] max_xcom_size of ${formatSize(limitBytes)}: ` +
      "save it as an entry (jobCache.save(), or entries.out of a command) and return the reference, or raise the limit",
    { fields: { sizeBytes, limitBytes } },
  );
}

function byKey(a: PushedXCom, b: PushedXCom): number {
  return a.key < b.key ? -1 : 1;
}
