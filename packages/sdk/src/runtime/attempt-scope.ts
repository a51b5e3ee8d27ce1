// What the worker gives to a running handler, and what the handler gives back beside its result.

import {
  canonicalBytes,
  MemodagError,
  readJson,
  RETURN_VALUE,
  UNMAPPED,
  formatSize,
  type AttemptContext,
  type JsonValue,
  type Logger,
  type PushedXCom,
  type XComAddress,
} from "@memodag/core";
import type { TaskXComs, XComRequest } from "../context/task-context.ts";

/** What one attempt runs with. */
export interface AttemptScope {
  readonly context: AttemptContext;
  /** Context paths that may be read; `null`: all, and no read is noted. */
  readonly declaredContext: readonly string[] | null;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** The bytes of an XCom of the run's other tasks; without it, pulling from them is refused. */
  readonly findXCom?: (address: XComAddress) => Promise<Uint8Array | undefined>;
  /** The text of an admin's variable; without it, there are none. */
  readonly findVariable?: (name: string) => Promise<string | undefined>;
  /** Longest returned or pushed value in bytes of JSON. Default: no limit. */
  readonly maxValueBytes?: number;
  /** Given what lists the undeclared reads so far, before the handler runs: it may throw. */
  readonly watchReads?: (listUndeclaredReads: () => readonly string[]) => void;
}

/** The XComs of one attempt: collects pushes until it is closed. */
export class AttemptXComs implements TaskXComs {
  private readonly pushed = new Map<string, Uint8Array>();
  private readonly scope: AttemptScope;
  private readonly noteRead: (path: string) => void;
  private isClosed = false;

  /** `noteRead` hears of every pull from another task instance. */
  constructor(scope: AttemptScope, noteRead: (path: string) => void) {
    this.scope = scope;
    this.noteRead = noteRead;
  }

  push(key: string, value: unknown): void {
    if (typeof key !== "string" || key === "" || key.length > MAX_KEY_LENGTH || key === RETURN_VALUE) {
      throw new MemodagError(
        "xcom_key_invalid",
        `${JSON.stringify(key)} cannot be pushed: use a text of 1 to ${MAX_KEY_LENGTH} characters that is not "${RETURN_VALUE}"`,
      );
    }
    if (this.isClosed) {
      throw new MemodagError(
        "context_unavailable",
        `XCom "${key}" is pushed after the task has ended: await everything that the handler starts`,
      );
    }
    this.pushed.set(key, encodeValue(value, this.scope, `XCom "${key}"`));
  }

  async pull(request: XComRequest): Promise<JsonValue> {
    const { task, taskInstance } = this.scope.context;
    const { key, taskId = task.taskId } = request;
    const isOwnTask = taskId === task.taskId;
    const mapIndex = request.mapIndex ?? (isOwnTask ? taskInstance.mapIndex : UNMAPPED);
    // After the attempt, as a callback asks, what was pushed is where that of the others is.
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

  /** Ends collecting; the pushes by key. */
  close(): PushedXCom[] {
    this.isClosed = true;
    return [...this.pushed].map(([key, bytes]) => ({ key, bytes })).sort(byKey);
  }
}

const MAX_KEY_LENGTH = 250;

/** The bytes of a value that leaves a task; `name` is what it is called in messages. */
export function encodeValue(value: unknown, { maxValueBytes }: AttemptScope, name: string): Uint8Array {
  if (maxValueBytes === undefined) return canonicalBytes(value);
  const bytes = tryEncode(value, maxValueBytes * MEASURED);
  if (bytes && bytes.length <= maxValueBytes) return bytes;
  throw xcomTooLarge(name, bytes?.length ?? null, maxValueBytes);
}

/** Up to how many times the limit a value's size is found out, which costs as much memory. */
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
 * The error of a value that is longer than XComs may be. Sizes are bytes of JSON; `null`: far too many to
 * count.
 */
export function xcomTooLarge(name: string, sizeBytes: number | null, limitBytes: number): MemodagError {
  const size = sizeBytes === null ? `over ${formatSize(limitBytes * MEASURED)}` : formatSize(sizeBytes);
  return new MemodagError(
    "xcom_too_large",
    `${name} is ${size} of JSON, more than [core] max_xcom_size of ${formatSize(limitBytes)}: ` +
      "write it to a file or a store of your own and return where it is, or raise the limit",
    { fields: { sizeBytes, limitBytes } },
  );
}

function byKey(a: PushedXCom, b: PushedXCom): number {
  return a.key < b.key ? -1 : 1;
}
