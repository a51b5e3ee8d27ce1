// Decides whether the cache is asked about a task at all, and makes the components of its key.

import {
  canonicalJson,
  entryName,
  findField,
  readEntryPattern,
  sha256,
  type Digest,
  type EntrySnapshot,
  type JsonValue,
  type Reason,
  type SerializedCacheConfig,
  type SerializedDag,
  type SerializedTask,
  type AttemptContext,
  type DagRun,
  type TaskSurroundings,
} from "@memodag/core";
import { attemptContext } from "../attempts/attempt-builder.ts";
import { compositeDigest, KEY_VERSION, type KeyComponents } from "@memodag/result-cache";
import type { NamedArgument } from "../values/instance-argument.ts";
import { projectedFields, projectionDigest, type ProjectedFields } from "../values/projection.ts";
import type { RunResults } from "../values/run-results.ts";

/** The digest that stands for a missing value: a handler can tell it from `null`, so the key must too. */
const ABSENT = sha256("memodag absent v1");

/** Stands for the code where the author's version takes its place. */
const SOURCE_LEFT_OUT = sha256("memodag source left out v1");

/** Uses of code that cannot be followed that a message names, at most. */
const MOST_SHOWN = 10;

/** How caching applies to one task of one run. */
export type CacheIntent =
  | { readonly kind: "off"; readonly reason: Reason }
  | { readonly kind: "use"; readonly config: SerializedCacheConfig }
  /** The task runs, whatever is stored. */
  | { readonly kind: "refresh"; readonly config: SerializedCacheConfig; readonly reason: Reason };

/** Any "off" wins: of the task, the Dag, the deployment or the run. */
export function cacheIntent(
  dag: SerializedDag,
  task: Pick<SerializedTask, "taskId" | "cache">,
  { cacheMode: mode, cacheLimits }: Pick<DagRun, "cacheMode" | "cacheLimits">,
  offReason: string | null,
): CacheIntent {
  if (!task.cache) return { kind: "off", reason: { code: "not_asked_for" } };
  if (!dag.cache) return { kind: "off", reason: { code: "dag_off" } };
  if (offReason !== null) return { kind: "off", reason: switchedOff(offReason) };
  if (mode === "off") return { kind: "off", reason: { code: "run_off" } };
  const { cache: config } = task;
  if (config.mode === "refresh") return { kind: "refresh", config, reason: { code: "task_refreshes" } };
  const isNamed = cacheLimits?.refresh?.includes(task.taskId) === true;
  if (isNamed || (mode === "refresh" && config.mode !== "keep"))
    return { kind: "refresh", config, reason: { code: "refresh_requested" } };
  return { kind: "use", config };
}

/** The reason of caching that is off for the whole deployment. */
export function switchedOff(what: string): Reason {
  return { code: "switched_off", detail: { what } };
}

/** The inputs of a key. */
export interface KeyParts {
  readonly dag: SerializedDag;
  readonly task: SerializedTask;
  readonly config: SerializedCacheConfig;
  readonly args: readonly NamedArgument[];
  readonly run: DagRun;
  readonly mapIndex: number;
  /** The environment that workers will see. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly surroundings: KnownSurroundings;
  /** The entries that the task declares to read. Absent: none. */
  readonly entries?: readonly EntrySnapshot[] | undefined;
  /** The answer of the task's key function, as canonical JSON. Absent: it has none. */
  readonly keyJson?: string | undefined;
}

/** Surroundings that are known well enough to be part of a key. */
export type KnownSurroundings = Extract<TaskSurroundings, { kind: "known" }>;

/**
 * The part of an attempt's context that a key may depend on: the key is made before the attempt exists and
 * applies to any attempt.
 */
export function contextOf({ run, task, mapIndex }: KeyParts): AttemptContext {
  return attemptContext(run, { taskId: task.taskId, mapIndex, tryNumber: 0, maxTries: 0 }, "");
}

/** Digests of the values in a key. Compact, as every instance that runs carries them. */
export interface KeyDigests {
  /** Of the arguments that are part of the key, in the order of {@link KeyParts.args}. */
  readonly inputs: readonly Digest[];
  readonly context: Readonly<Record<string, Digest>>;
  readonly env: Readonly<Record<string, Digest>>;
  /** The fields of arguments of which only some are part of the key. Absent: there are none. */
  readonly fields?: readonly (readonly [name: string, fields: ProjectedFields])[];
}

/** @throws MemodagError when a value that is part of the key cannot be read */
export async function keyDigests(parts: KeyParts, results: RunResults): Promise<KeyDigests> {
  const { config, env } = parts;
  const inputs: Digest[] = [];
  const projected: (readonly [string, ProjectedFields])[] = [];
  for (const [name, template] of parts.args) {
    if (config.excludeInputs.includes(name)) continue;
    const fields = projectionOf(config, name);
    if (fields) {
      const digests = await projectedFields(template, fields, results);
      projected.push([name, digests]);
      inputs.push(projectionDigest(digests));
      continue;
    }
    // Most digests are known immediately; awaiting each of them would double the cost of a wide Dag's keys.
    inputs.push(results.findDigest(template) ?? (await results.digestOf(template)));
  }
  const context = config.includeInputs.length === 0 ? undefined : contextOf(parts);
  return {
    // Without the room that `push` allocates for more.
    inputs: inputs.slice(),
    context: contextDigests(config.includeInputs, context),
    env: envDigests(config.env, env),
    ...(projected.length > 0 && { fields: projected }),
  };
}

/** Digests of parts of the context, by their paths. */
export function contextDigests(
  paths: readonly string[],
  context: AttemptContext | undefined,
): Readonly<Record<string, Digest>> {
  return digestsOf(paths, (path) => findField(context as unknown as JsonValue, path.split(".")));
}

/** Digests of variables, by their names. */
export function envDigests(names: readonly string[], env: KeyParts["env"]): Readonly<Record<string, Digest>> {
  return digestsOf(names, (name) => env[name]);
}

/** Returns exactly the components of the cache key. */
export function keyComponents(parts: KeyParts, digests: KeyDigests): KeyComponents {
  const { dag, task, config, surroundings } = parts;
  const inputs = emptyRecord();
  let next = 0;
  for (const [name] of parts.args) {
    const digest = config.excludeInputs.includes(name) ? undefined : digests.inputs[next++];
    if (digest !== undefined) inputs[name] = digest;
  }
  return {
    v: KEY_VERSION,
    team: parts.run.team,
    dag: dag.dagId,
    task: task.taskId,
    source: config.ignoreSource ? SOURCE_LEFT_OUT : task.sourceHash,
    runtime: surroundings.runtime,
    inputs,
    context: digests.context,
    env: digests.env,
    version: config.version,
    ...(config.share !== undefined && { share: config.share }),
    ...(config.key &&
      parts.keyJson !== undefined && { key: sha256(parts.keyJson), keySource: config.key.sourceHash }),
    ...(surroundings.files && { files: surroundings.files.digests }),
    ...(parts.entries && { entries: entryDigests(parts.entries) }),
  };
}

/** The fields that stand for an argument; undefined if all of it is in the key. */
export function projectionOf(
  { projections }: SerializedCacheConfig,
  name: string,
): readonly string[] | undefined {
  return projections?.find(([projected]) => projected === name)?.[1];
}

/** A key that names no entry has a digest of its own, so that its absence is part of the key. */
function entryDigests(snapshots: readonly EntrySnapshot[]): Readonly<Record<string, Digest>> {
  const digests = emptyRecord();
  for (const snapshot of snapshots) {
    const { entries } = snapshot;
    digests[entryName(snapshot)] =
      readEntryPattern(snapshot.pattern).kind === "key"
        ? (entries[0]?.digest ?? ABSENT)
        : compositeDigest(
            "object",
            entries.map(({ key, digest }) => [key, digest] as const),
          );
  }
  return digests;
}

const NO_DIGESTS: Readonly<Record<string, Digest>> = Object.freeze(emptyRecord());

function digestsOf(
  names: readonly string[],
  valueOf: (name: string) => JsonValue | undefined,
): Readonly<Record<string, Digest>> {
  if (names.length === 0) return NO_DIGESTS;
  const digests = emptyRecord();
  for (const name of names) {
    const value = valueOf(name);
    digests[name] = value === undefined ? ABSENT : sha256(canonicalJson(value));
  }
  return digests;
}

/** Without a prototype, so that `__proto__` is an ordinary name. */
function emptyRecord(): Record<string, Digest> {
  return Object.create(null) as Record<string, Digest>;
}

/**
 * Why a task that may run code which is not part of the key is not cached; `null` if it runs no such code.
 */
export function unfollowedReason({ command, unfollowed = [] }: SerializedTask): Reason | null {
  if (unfollowed.length === 0) return null;
  const [first = ""] = unfollowed;
  if (!command) return { code: "unfollowed_code", detail: { what: first } };
  const names = unfollowed.slice(0, MOST_SHOWN).map((use) => `import:${use}`);
  return { code: "undeclared_input", detail: { names } };
}
