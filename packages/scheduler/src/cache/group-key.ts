// The key of a transaction's one record: from values that come from outside, so that it is known before a task runs.

import {
  canonicalJson,
  findField,
  isMarkedPath,
  type DagRun,
  type Digest,
  type JsonValue,
  type Reason,
  type RuntimeComponent,
  type SerializedDag,
} from "@memodag/core";
import {
  cacheKey,
  KEY_VERSION,
  recordComponents,
  type KeyComponents,
  type RecordedComponents,
  type SecretRules,
} from "@memodag/result-cache";
import type { CachedGroup } from "../graph/cached-groups.ts";
import type { DagNode } from "../graph/dag-graph.ts";
import type { RunResults } from "../values/run-results.ts";
import { attemptContext } from "../attempts/attempt-builder.ts";
import { contextDigests, envDigests, type KnownSurroundings } from "./cache-intent.ts";
import { contextSchema } from "./made-key.ts";
import { readTexts } from "./shown-values.ts";

/** The parts of a group's key that are not in the Dag. */
export interface GroupKeyParts {
  readonly group: CachedGroup;
  readonly dag: SerializedDag;
  readonly run: DagRun;
  /** The environment that workers will see. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of each task. */
  readonly surroundings: ReadonlyMap<DagNode, KnownSurroundings>;
}

/** The key of a transaction's record. */
export class GroupKey {
  readonly key: Digest;
  readonly group: CachedGroup;
  readonly #parts: GroupKeyParts;
  readonly #components: KeyComponents;

  private constructor(parts: GroupKeyParts, components: KeyComponents) {
    this.group = parts.group;
    this.key = cacheKey(components);
    this.#parts = parts;
    this.#components = components;
  }

  /**
   * Makes the key; undefined if the same files differ between tasks: they change at this moment.
   * @throws MemodagError when a value that is part of the key cannot be read
   */
  static async make(parts: GroupKeyParts, results: RunResults): Promise<GroupKey | undefined> {
    const { group, dag, run, env, surroundings } = parts;
    const files = joinedFiles([...surroundings.values()]);
    if (files === undefined) return undefined;
    const inputs = Object.create(null) as Record<string, Digest>;
    for (const [name, template] of group.inputs) inputs[name] = await results.digestOf(template);
    const components = {
      v: KEY_VERSION,
      team: run.team,
      dag: dag.dagId,
      task: group.id,
      source: group.source,
      runtime: joinedRuntime(surroundings),
      inputs,
      context: contextDigests(contextPaths(group), contextOf(run)),
      env: envDigests(envNames(group), env),
      version: joinedVersion(group),
      ...(files && { files }),
    } as const;
    return new GroupKey(parts, components);
  }

  /** The surroundings that a task has to find. */
  surroundingsOf(node: DagNode): KnownSurroundings | undefined {
    return this.#parts.surroundings.get(node);
  }

  /** The components as a record keeps them. */
  async recorded(results: RunResults, secrets: SecretRules): Promise<RecordedComponents> {
    const { group, dag, run, env, surroundings } = this.#parts;
    const texts = await readTexts(group.inputs, results);
    const context = contextOf(run) as unknown as JsonValue;
    const schema = contextSchema(dag);
    const recorded = recordComponents(
      this.#components,
      (part, name) => {
        if (part === "inputs") return texts.get(name);
        if (part === "env") return env[name] === undefined ? "(not set)" : canonicalJson(env[name]);
        const value = findField(context, name.split("."));
        return value === undefined ? "(not there)" : canonicalJson(value);
      },
      {
        ...secrets,
        // An argument's name is in parentheses after that of its task.
        patterns: [...secrets.patterns, ...secrets.patterns.map((pattern) => `*(${pattern})*`)],
        isSecretPath: (path) => isMarkedPath(schema, path.split(".")),
      },
    );
    const shown = [...surroundings.values()].map(({ files }) => files?.shown);
    const shownFiles = Object.assign({}, ...shown) as Readonly<Record<string, string>>;
    const isComplete = [...surroundings.values()].every(({ files }) => !files || files.shown);
    return { ...recorded, ...(recorded.files && isComplete && { shownFiles }) };
  }
}

/** Why a task keeps its transaction from being cached. */
export function memberReason(group: CachedGroup, name: string, why: string): Reason {
  return { code: "transaction_uncacheable", detail: { transaction: group.id, what: `${name}: ${why}` } };
}

/** The context of all tasks: a mapped one's index is its place in a list, which the key has. */
function contextOf(run: DagRun) {
  return attemptContext(run, { taskId: "", mapIndex: -1, tryNumber: 0, maxTries: 0 }, "");
}

function contextPaths({ config, nodes }: CachedGroup): string[] {
  const paths = [...config.includeInputs, ...nodes.flatMap(({ task }) => task.cache?.includeInputs ?? [])];
  return [...new Set(paths)].filter((path) => path !== "taskInstance.mapIndex").sort();
}

function envNames({ config, nodes }: CachedGroup): string[] {
  return [...new Set([...config.env, ...nodes.flatMap(({ task }) => task.cache?.env ?? [])])].sort();
}

/** The transaction's own, or an object with those of its tasks. */
function joinedVersion({ config, nodes }: CachedGroup): string | null {
  const own = nodes.flatMap(({ task }) => {
    const version = task.cache?.version ?? null;
    return version === null ? [] : [[task.taskId, version] as const];
  });
  if (own.length === 0) return config.version;
  return canonicalJson({ transaction: config.version, tasks: own.toSorted(([a], [b]) => (a < b ? -1 : 1)) });
}

/** Joins the runtimes of all tasks: a part that differs between them is there for each, under the task's name. */
function joinedRuntime(surroundings: ReadonlyMap<DagNode, KnownSurroundings>): RuntimeComponent {
  const runtimes = Array.from(surroundings, ([{ task }, { runtime }]) => [task.taskId, runtime] as const);
  const joined = Object.create(null) as Record<string, string>;
  const names = new Set(runtimes.flatMap(([, runtime]) => Object.keys(runtime)));
  for (const name of names) {
    const values = new Set(runtimes.map(([, runtime]) => runtime[name]));
    const [only] = values;
    if (values.size === 1 && only !== undefined) {
      joined[name] = only;
      continue;
    }
    for (const [taskId, { [name]: value }] of runtimes)
      if (value !== undefined) joined[`${taskId} ${name}`] = value;
  }
  return joined;
}

/** `null`: no task declares files; undefined: they differ between tasks. */
function joinedFiles(
  surroundings: readonly KnownSurroundings[],
): Readonly<Record<string, Digest>> | null | undefined {
  const joined = new Map<string, Digest>();
  for (const { files } of surroundings) {
    for (const [pattern, digest] of Object.entries(files?.digests ?? {})) {
      if ((joined.get(pattern) ?? digest) !== digest) return undefined;
      joined.set(pattern, digest);
    }
  }
  return joined.size === 0 ? null : Object.fromEntries([...joined].sort(([a], [b]) => (a < b ? -1 : 1)));
}
