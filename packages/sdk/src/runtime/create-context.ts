// Creates the context that getContext() returns: the run's values, with reads tracked for a cached
// task.

import { MemodagError, selectField, type AttemptContext, type JsonValue } from "@memodag/core";
import { memberPath } from "../context/context-path.ts";
import type { RunningTask } from "../context/current-context.ts";
import type { ValueCaches } from "../context/task-value-caches.ts";
import type { TaskContext } from "../context/task-context.ts";
import { AttemptXComs, type AttemptScope } from "./attempt-scope.ts";
import { JobCaches } from "./job-caches.ts";
import { PlaceInCache } from "./place-in-cache.ts";
import { ResultExpiry } from "./result-expiry.ts";
import { ReadTracker } from "./read-tracker.ts";
import { trackObject, trackValue } from "./tracked-object.ts";

/** A context and the reads it has tracked. */
export interface CreatedContext extends RunningTask {
  readonly xcoms: AttemptXComs;
  readonly caches: JobCaches;
  readonly expiry: ResultExpiry;
  /** Undeclared reads so far, sorted. */
  listUndeclaredReads(): string[];
}

/**
 * Creates the context of one attempt. Handlers cannot modify it.
 * @param isReadOnly true for a callback, whose task has ended
 */
export function createContext(scope: AttemptScope, isReadOnly = false): CreatedContext {
  const values = frozenCopy(scope.context);
  const { declaredContext, isShared, log, signal } = scope;
  const expiry = new ResultExpiry();
  if (declaredContext === null) {
    const xcoms = new AttemptXComs(scope, () => undefined);
    const caches = new JobCaches(scope.entries, () => undefined, isReadOnly);
    const context = Object.freeze({
      ...values,
      log,
      signal,
      xcom: xcoms,
      jobCache: new PlaceInCache(caches),
      cache: expiry,
    });
    const readVariable = variableReader(scope, () => undefined);
    const valueCaches = valueCachesOf(scope, () => undefined);
    const openJobCache = (name: string): PlaceInCache => new PlaceInCache(caches, name);
    return {
      context,
      readVariable,
      valueCaches,
      openJobCache,
      xcoms,
      caches,
      expiry,
      listUndeclaredReads: () => [],
    };
  }
  const tracker = new ReadTracker(declaredContext, (path) => isPresent(values, path));
  const xcoms = new AttemptXComs(scope, (path) => tracker.read(path));
  const caches = new JobCaches(scope.entries, (name) => tracker.read(name), isReadOnly);
  const context: TaskContext = Object.freeze({
    // Part of every key but those that tasks share.
    dag: isShared ? (trackObject({ ...values.dag }, "dag", tracker) as AttemptContext["dag"]) : values.dag,
    task: isShared
      ? (trackObject({ ...values.task }, "task", tracker) as AttemptContext["task"])
      : values.task,
    dagRun: trackObject(values.dagRun, "dagRun", tracker) as AttemptContext["dagRun"],
    taskInstance: trackObject(
      { ...values.taskInstance },
      "taskInstance",
      tracker,
    ) as unknown as AttemptContext["taskInstance"],
    params: trackObject(values.params, "params", tracker),
    get logicalDate() {
      return trackValue(values.logicalDate, "logicalDate", tracker);
    },
    get dataInterval() {
      return readDataInterval(values.dataInterval, tracker, declaredContext);
    },
    log,
    signal,
    xcom: xcoms,
    jobCache: new PlaceInCache(caches),
    cache: expiry,
  });
  const readVariable = variableReader(scope, (path) => tracker.read(path));
  const valueCaches = valueCachesOf(scope, (path) => tracker.read(path));
  const listUndeclaredReads = (): string[] => tracker.list();
  const openJobCache = (name: string): PlaceInCache => new PlaceInCache(caches, name);
  return { context, readVariable, valueCaches, openJobCache, xcoms, caches, expiry, listUndeclaredReads };
}

function valueCachesOf({ openValueCache }: AttemptScope, noteRead: (path: string) => void): ValueCaches {
  return {
    async open(name) {
      if (openValueCache) return await openValueCache(name);
      throw new MemodagError("value_cache_not_found", "Callbacks and this kind of task have no value caches");
    },
    noteRead: (cache, key) => noteRead(`value(${key === undefined ? cache : memberPath(cache, key)})`),
  };
}

function variableReader(
  { findVariable }: AttemptScope,
  noteRead: (path: string) => void,
): RunningTask["readVariable"] {
  return async (name) => {
    noteRead(memberPath("var", name));
    return (await findVariable?.(name)) ?? null;
  };
}

function readDataInterval(
  interval: AttemptContext["dataInterval"],
  tracker: ReadTracker,
  declared: readonly string[],
): AttemptContext["dataInterval"] {
  // If the interval exists, its ends are dates. A declared end in the key therefore also tells that
  // the interval is absent.
  if (interval === null && declared.some((path) => path.startsWith("dataInterval."))) return null;
  return trackValue(interval, "dataInterval", tracker);
}

function isPresent(values: AttemptContext, path: string): boolean {
  return selectField(values as unknown as JsonValue, path.split(".")) !== null;
}

function frozenCopy(context: AttemptContext): AttemptContext {
  return JSON.parse(JSON.stringify(context), freezeMember) as AttemptContext;
}

function freezeMember(_name: string, value: unknown): unknown {
  return Object.freeze(value);
}
