// Validates a loader's message. It may be anything, because the process ran the author's code.

import type { LoadAnswer, LoaderStarted } from "./loader-messages.ts";

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isFlag: Check = (value) => typeof value === "boolean";
const isNumber: Check = (value) => typeof value === "number";
const isAny: Check = () => true;
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const orAbsent =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const pairOf =
  (first: Check, second: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length === 2 && first(value[0]) && second(value[1]);
const shapeOf =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) && Object.entries(checks).every(([name, check]) => check(value[name]));

const isTask = shapeOf({
  taskId: isText,
  args: listOf(pairOf(isText, isObject)),
  expand: listOf(pairOf(isText, isObject)),
  upstream: listOf(isText),
  triggerRule: isText,
  retries: isNumber,
  retryDelayMs: isNumber,
  executionTimeoutMs: orNull(isNumber),
  memoryBytes: orAbsent(isNumber),
  pool: isText,
  poolSlots: isNumber,
  priorityWeight: isNumber,
  queue: orAbsent(isText),
  cache: orNull(isObject),
  reuse: orAbsent((value) => value === true),
  sourceHash: isText,
  command: orAbsent(
    shapeOf({
      argv: listOf(isText),
      cwd: isText,
      sources: listOf(isText),
      entries: orAbsent(
        shapeOf({ in: listOf(pairOf(isText, isObject)), out: listOf(pairOf(isText, isText)) }),
      ),
    }),
  ),
  sensor: orAbsent(isObject),
  hitl: orAbsent(isObject),
  runStep: orAbsent(isObject),
  branch: orAbsent(isObject),
});

const isTransaction = shapeOf({
  transactionId: isText,
  parent: orAbsent(isText),
  taskIds: listOf(isText),
  commit: (value) => isText(value) || isObject(value),
  failOn: orAbsent(isText),
  cache: orAbsent(isObject),
  isolation: orAbsent(isObject),
  callbacks: orAbsent(listOf(isText)),
});

const isDag = shapeOf({
  format: isNumber,
  dagId: isText,
  description: orNull(isText),
  schedule: orNull(isText),
  timezone: isText,
  catchup: isFlag,
  maxActiveRuns: isNumber,
  maxActiveTasks: isNumber,
  maxMapLength: isNumber,
  params: isObject,
  tags: listOf(isText),
  cache: isFlag,
  artifactDigest: isText,
  packages: listOf(isObject),
  tasks: listOf(isTask),
  transactions: orAbsent(listOf(isTransaction)),
});

const edges = listOf(pairOf(isText, isNumber));
const HEAP_VALUES: Readonly<Record<string, Check>> = {
  primitive: shapeOf({ text: isText }),
  object: shapeOf({ tag: isText, edges }),
  function: shapeOf({
    place: shapeOf({ line: isNumber, column: isNumber, length: isNumber, digest: isText }),
    captured: edges,
    properties: edges,
  }),
  opaque: shapeOf({ what: isText }),
};

const MESSAGES: Readonly<Record<string, Check>> = {
  started: isAny,
  stalled: isAny,
  threw: shapeOf({
    error: shapeOf({
      name: isText,
      message: isText,
      code: orNull(isText),
      dagId: orNull(isText),
      stack: isText,
    }),
  }),
  loaded: shapeOf({
    dags: listOf(isDag),
    exportsFunction: isFlag,
    noted: shapeOf({
      files: listOf(pairOf(isText, orNull(isText))),
      env: listOf(pairOf(isText, orNull(isText))),
      listsAll: isFlag,
      changed: listOf(isText),
    }),
    packages: listOf(shapeOf({ name: isText, version: isText, folder: isText })),
    located: shapeOf({
      handlers: listOf(pairOf(isText, isNumber)),
      heap: listOf((value) => isObject(value) && fits(HEAP_VALUES, value)),
    }),
  }),
};

/** Parses a message; `undefined` if it is invalid. */
export function readLoaderMessage(text: string): LoaderStarted | LoadAnswer | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isObject(message) && fits(MESSAGES, message)
    ? (message as unknown as LoaderStarted | LoadAnswer)
    : undefined;
}

function fits(checks: Readonly<Record<string, Check>>, value: Readonly<Record<string, unknown>>): boolean {
  const { kind } = value;
  return typeof kind === "string" && Object.hasOwn(checks, kind) && checks[kind]?.(value) === true;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
