// The keys of one run's transactions with one record: each is made once, from what comes into the transaction.

import { isOwnFault, reasonSentence, type Reason, type SerializedCacheConfig } from "@memodag/core";
import { unfollowedReason, type KnownSurroundings } from "../../cache/cache-intent.ts";
import { GroupKey, memberReason } from "../../cache/group-key.ts";
import type { RunContext } from "../../context/run-context.ts";
import type { CachedGroup } from "../../graph/cached-groups.ts";
import type { DagNode } from "../../graph/dag-graph.ts";
import type { RunState } from "../state/run-state.ts";

/** Makes keys. */
export class GroupKeys {
  readonly #context: RunContext;
  readonly #state: RunState;
  readonly #made = new Map<CachedGroup, GroupKey>();

  constructor(context: RunContext, state: RunState) {
    this.#context = context;
    this.#state = state;
  }

  /** The key of a group, whose outside tasks have ended; or why it has none. */
  async find(group: CachedGroup): Promise<GroupKey | Reason> {
    const known = this.#made.get(group);
    if (known) return known;
    const { env } = this.#context;
    const { run, version, results, work } = this.#state;
    // One that runs again has no result at this moment, and would be in the key without.
    const open = group.outside.find((node) => !work.isDone(node));
    if (open) return uncacheable(group, `${open.task.taskId} before it runs again`);
    const tooLarge = this.#tooLarge(group);
    if (tooLarge) return tooLarge;
    const surroundings = await this.#lookAround(group);
    if (!(surroundings instanceof Map)) return surroundings;
    try {
      const made = await GroupKey.make({ group, dag: version.dag, run, env, surroundings }, results);
      if (!made) return uncacheable(group, "its files change at this moment");
      this.#made.set(group, made);
      return made;
    } catch (error) {
      if (!isOwnFault(error)) throw error;
      return uncacheable(group, `${error.code}: ${error.message}`);
    }
  }

  /** The surroundings that the key of a task's transaction was made with; undefined if it is not at hand. */
  surroundingsOf(node: DagNode): KnownSurroundings | undefined {
    const group = this.#state.groups.of(node);
    return group && this.#made.get(group)?.surroundingsOf(node);
  }

  #tooLarge(group: CachedGroup): Reason | undefined {
    const templates = new Map(group.inputs.map(([, template]) => [JSON.stringify(template), template]));
    let sizeBytes = 0;
    for (const template of templates.values()) sizeBytes += this.#state.results.sizeOf(template);
    const limitBytes = this.#context.maxInputSize();
    if (sizeBytes <= limitBytes) return undefined;
    return uncacheable(group, reasonSentence({ code: "input_too_large", detail: { sizeBytes, limitBytes } }));
  }

  async #lookAround(group: CachedGroup): Promise<Map<DagNode, KnownSurroundings> | Reason> {
    const { surroundings } = this.#context;
    const { version } = this.#state;
    const known = new Map<DagNode, KnownSurroundings>();
    const all = group.nodes.map(
      async (node) => [node, await surroundings.of(version.file, node.task)] as const,
    );
    for (const [node, around] of await Promise.all(all)) {
      const reason = unfollowedReason(node.task) ?? (around.kind === "unknown" ? around.reason : null);
      if (reason) return memberReason(group, node.task.taskId, reasonSentence(reason));
      if (around.kind === "known") known.set(node, around);
    }
    return known;
  }
}

/** How old a group's record may be, in milliseconds; `null`: any age. What a task says of its own result holds as well. */
export function groupTtlMs({ config, nodes }: CachedGroup, defaultTtlMs: number | null): number | null {
  const own = ttlOf(config, defaultTtlMs);
  const all = nodes.flatMap(({ task: { cache } }) =>
    !cache || cache.ttlMs === "default" ? [] : [ttlOf(cache, defaultTtlMs)],
  );
  const shortest = all.reduce<number>((least, ttlMs) => Math.min(least, ttlMs ?? Infinity), own ?? Infinity);
  return shortest === Infinity ? null : shortest;
}

function ttlOf({ ttlMs }: SerializedCacheConfig, defaultTtlMs: number | null): number | null {
  return ttlMs === "default" ? defaultTtlMs : ttlMs;
}

function uncacheable({ id }: CachedGroup, what: string): Reason {
  return { code: "transaction_uncacheable", detail: { transaction: id, what } };
}
