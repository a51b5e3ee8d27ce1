// Runs one attempt in this process: loads its artifact, calls its handler with its arguments, and returns
// the outcome.

import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { loadArtifact } from "@memodag/artifact";
import {
  assembleArguments,
  MemodagError,
  messageOf,
  type Attempt,
  type AttemptOutcome,
  type LoadedPackage,
  type Reason,
} from "@memodag/core";
import type { Dag } from "@memodag/sdk";
import {
  findTaskEnd,
  runHandler,
  runHitl,
  runSensor,
  type AttemptScope,
  type EntryAccess,
  type SensorTime,
} from "@memodag/sdk/runtime";
import type { FoundAnswer, Question, RunOrder } from "../protocol.ts";
import { rememberArtifact, withAuthorPlaces } from "./author-places.ts";
import { isWatched } from "../worker-environment.ts";
import type { LeftOver } from "./left-over.ts";
import { watchInputs, type InputWatch } from "./noticing/watch-inputs.ts";
import { findRuntimeChange } from "./runtime-change.ts";
import type { WorkerValueCaches } from "./value-caches.ts";
import { attemptLogger, logStack } from "./worker-log.ts";

/** Maximum length of a stored error message; the log has all of it. */
const LONGEST_MESSAGE = 4_000;

const LONGEST_SLEEP_MS = 2 ** 31 - 1;

/** The environment of an attempt in its worker. */
export interface AttemptSupport {
  /** Aborted when the handler should stop. */
  readonly signal: AbortSignal;
  /** Asks the executor. @throws MemodagError `question_unanswered` */
  readonly ask: (question: Question) => Promise<FoundAnswer>;
  readonly valueCaches: Pick<WorkerValueCaches, "open">;
  /** Watches a process that runs many attempts. Absent: it runs one. */
  readonly leftOver?: Pick<LeftOver, "compareBuiltins" | "noteLoaded" | "findChange">;
}

/** Runs an attempt to its outcome; never rejects. */
export async function runAttempt(order: RunOrder, support: AttemptSupport): Promise<AttemptOutcome> {
  const { attempt } = order;
  const { signal } = support;
  let startedAt: number | undefined;
  /** The evidence for a failure of the handler. There is none for failures before it ran. */
  let evidenceOf: (() => Evidence) | undefined;
  try {
    const runtimeChange = findRuntimeChange(attempt);
    const loaded = await openDag(order, support);
    const { dag, watch } = loaded;
    const listPackages = () => listOfOthers([...loaded.listPackages(), ...watch.listPackages()]);
    const findReason = (undeclared: readonly string[]): Reason | null =>
      runtimeChange ?? findLeftState(order, support) ?? watch.reasonWith(undeclared);
    const args = assembleArguments({ args: attempt.args, results: order.results });
    signal.throwIfAborted();
    startedAt = performance.now();
    const scope: AttemptScope = {
      ...scopeOf(order, support, watch.allow),
      watchReads(listUndeclaredReads) {
        evidenceOf = () => ({
          uncacheable: findReason(listUndeclaredReads()),
          packages: listPackages(),
        });
      },
    };
    const { sensor, hitl, taskId } = attempt;
    const outcome =
      hitl && sensor
        ? await runHitl(dag, taskId, args, scope, sensor)
        : sensor
          ? await runSensor(dag, taskId, args, scope, { sensor, time: sensorTime })
          : await runHandler(dag, taskId, args, scope);
    const durationMs = performance.now() - startedAt;
    if (outcome.kind === "rescheduled") return { ...outcome, durationMs };
    const uncacheable = findReason(outcome.undeclaredReads);
    const { xcoms, expiresAt } = outcome;
    const expiry = expiresAt === undefined ? {} : { expiresAt };
    return { kind: "succeeded", xcoms, durationMs, uncacheable, packages: listPackages(), ...expiry };
  } catch (error) {
    const durationMs = startedAt === undefined ? 0 : performance.now() - startedAt;
    if (findTaskEnd(error) === "skip") return { kind: "skipped", reason: shortMessageOf(error), durationMs };
    return { ...failureOf(error, durationMs), ...evidenceOf?.() };
  }
}

/**
 * True for memodag itself, which is not a package of the Dag: if it is installed, its SDK is loaded from
 * there.
 */
function isOwn(packageName: string): boolean {
  return packageName === "memodag" || packageName.startsWith("@memodag/");
}

/** Why the result must not be stored: the process is not as the attempt found it, or `null`. */
function findLeftState({ attempt, isReused }: RunOrder, { leftOver }: AttemptSupport): Reason | null {
  if (!isReused || !isWatched(attempt)) return null;
  const what = leftOver?.findChange() ?? null;
  return what === null ? null : { code: "state_left", detail: { what } };
}

/** A Dag that is loaded, with what its task reads. */
interface OpenedDag {
  readonly dag: Dag;
  readonly listPackages: () => LoadedPackage[];
  readonly watch: InputWatch;
}

/** The Dag of a process that runs many attempts of it. */
let kept: OpenedDag | undefined;

/** Loads the Dag of an order, or takes the one that the process has. */
async function openDag(order: RunOrder, { leftOver }: AttemptSupport): Promise<OpenedDag> {
  if (order.isReused && kept) {
    kept.watch.forgetAttempt();
    return kept;
  }
  const watch = watchInputs(order);
  if (isWatched(order.attempt)) leftOver?.compareBuiltins();
  const opened = { ...(await loadDag(order)), watch };
  leftOver?.noteLoaded();
  if (order.isReused) kept = opened;
  return opened;
}

/**
 * Loads the Dag of an order.
 * @throws MemodagError `dag_not_found`, and errors of loading its artifact
 */
export async function loadDag(order: RunOrder): Promise<{ dag: Dag; listPackages: () => LoadedPackage[] }> {
  rememberArtifact(order);
  const { attempt, artifactPath, baseDir } = order;
  const { dags, listPackageFolders } = await loadArtifact({ path: artifactPath, baseDir });
  const dag = dags.find(({ dagId }) => dagId === attempt.dagId);
  if (dag) return { dag, listPackages: listPackageFolders };
  throw new MemodagError(
    "dag_not_found",
    `${attempt.file.path} has no Dag "${attempt.dagId}" when a worker reads it: ` +
      "export the same Dags wherever the file is read",
  );
}

/**
 * Returns the context of a handler or callback.
 * @param allow is called before a file of a store is read, which is not an input of the task
 */
export function scopeOf(
  { attempt, maxXComBytes }: Pick<RunOrder, "attempt" | "maxXComBytes">,
  { signal, ask, valueCaches }: AttemptSupport,
  allow?: (path: string) => void,
): AttemptScope {
  return {
    openValueCache: (name) => valueCaches.open(name),
    context: attempt.context,
    declaredContext: attempt.declaredContext,
    isShared: attempt.isShared,
    signal,
    log: attemptLogger,
    maxValueBytes: maxXComBytes,
    findXCom: async (address) => (await ask({ kind: "xcom", ...address })).bytes ?? undefined,
    askHuman: async (question) => (await ask({ kind: "human", ...question })).bytes ?? undefined,
    findVariable: async (name) => {
      const { bytes } = await ask({ kind: "variable", name });
      return bytes ? new TextDecoder().decode(bytes) : undefined;
    },
    entries: entryAccessOf(attempt, ask, allow),
  };
}

/** Returns how an attempt reaches its job caches. `allow` as in {@link scopeOf}. */
export function entryAccessOf(
  { entries: snapshots }: Pick<Attempt, "entries">,
  ask: AttemptSupport["ask"],
  allow?: (path: string) => void,
): EntryAccess {
  return {
    async ask(request, bytes) {
      const { reply, bytes: received } = await ask({ kind: "entries", request, bytes: bytes ?? null });
      if (!reply) throw new Error("the scheduler answered a request about entries with something else");
      return { reply, bytes: received };
    },
    ...(snapshots && { snapshots }),
    ...(allow && { allow }),
  };
}

/** The evidence of an outcome: why it must not be stored, and the packages that were loaded. */
export type Evidence = Pick<Extract<AttemptOutcome, { kind: "succeeded" }>, "uncacheable" | "packages">;

/** Lists each package once, without memodag itself. */
export function listOfOthers(packages: readonly LoadedPackage[]): LoadedPackage[] {
  return distinct(packages).filter(({ name }) => !isOwn(name));
}

function distinct(packages: readonly LoadedPackage[]): LoadedPackage[] {
  const byPlace = new Map(
    packages.map(({ name, version, folder }) => [
      JSON.stringify([name, version, folder]),
      { name, version, folder },
    ]),
  );
  return [...byPlace.values()] as LoadedPackage[];
}

/** Returns the outcome of a thrown error. Errors that are not memodag's are logged with their stack. */
export function failureOf(thrown: unknown, durationMs = 0): Extract<AttemptOutcome, { kind: "failed" }> {
  const isNamed = thrown instanceof MemodagError;
  if (!isNamed) logStack(withAuthorPlaces(inspect(thrown)));
  const error = { code: isNamed ? thrown.code : "task_failed", message: shortMessageOf(thrown) };
  // As in Airflow: a sensor that timed out is not retried.
  const isFinal = error.code === "sensor_timeout" || findTaskEnd(thrown) === "fail";
  return { kind: "failed", error, durationMs, retryable: !isFinal };
}

function shortMessageOf(thrown: unknown): string {
  const message = messageOf(thrown) || inspect(thrown).split("\n", 1).join("");
  return message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message;
}

const sensorTime: SensorTime = {
  monotonic: () => performance.now(),
  // The maximum length of a timer: the sensor pokes once more after 24 days.
  sleep: async (ms, signal) => await sleep(Math.min(ms, LONGEST_SLEEP_MS), undefined, { signal }),
};
