// Looks up transactions with one record: once each, when all that comes into them is known. Then either all of their
// tasks are hits, or all of them run.

import {
  instanceKey,
  isTerminal,
  RETURN_VALUE,
  UNMAPPED,
  type Reason,
  type TaskInstance,
} from "@memodag/core";
import type { CacheHit, PassLookups } from "@memodag/result-cache";
import type { AnsweredInstance } from "../../cache/cache-answer.ts";
import { switchedOff } from "../../cache/cache-intent.ts";
import { refreshReasonOf } from "../../cache/evaluate.ts";
import { groupAnswer, type GroupEntry } from "../../cache/group-answer.ts";
import { groupIntent } from "../../cache/group-intent.ts";
import { GroupKey } from "../../cache/group-key.ts";
import { readRecord, type RecordedMember } from "../../cache/group-manifest.ts";
import { verdictOf } from "../../cache/store-status.ts";
import type { RunContext } from "../../context/run-context.ts";
import type { CachedGroup } from "../../graph/cached-groups.ts";
import type { DagNode } from "../../graph/dag-graph.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";
import type { RunState } from "../state/run-state.ts";
import { groupTtlMs, type GroupKeys } from "./group-keys.ts";

interface Group {
  readonly group: CachedGroup;
  /** Ready instances that are not answered. */
  queue: ReadyInstance[];
  /** Instances that the graph skipped before the group was looked up. */
  readonly skipped: ReadyInstance[];
  entry?: GroupEntry;
}

/** The lookups of one run's transactions. */
export class GroupLookups {
  readonly #context: RunContext;
  readonly #state: RunState;
  readonly #keys: GroupKeys;
  readonly #groups: ReadonlyMap<CachedGroup, Group>;

  constructor(context: RunContext, state: RunState, keys: GroupKeys) {
    this.#context = context;
    this.#state = state;
    this.#keys = keys;
    this.#groups = new Map(
      state.groups.list.map((group) => [group, { group, queue: [], skipped: [] }] as const),
    );
  }

  /** True when there is something to answer. */
  get hasWork(): boolean {
    return [...this.#groups.values()].some(
      ({ group, queue, entry }) => queue.length > 0 && (entry !== undefined || !this.#openOutside(group)),
    );
  }

  /** Takes a ready instance of a group; false for any other. */
  tryEnqueue(instance: ReadyInstance): boolean {
    const own = this.#of(instance.node);
    own?.queue.push(instance);
    return own !== undefined;
  }

  /** The graph has skipped an instance of a group: that is part of its record. */
  noteSkipped({ node, mapIndex }: ReadyInstance): void {
    const own = this.#of(node);
    if (!own) return;
    if (own.entry) this.#sign(own.entry, { node, mapIndex });
    else own.skipped.push({ node, mapIndex });
  }

  /** Answers the instances of groups that can be looked up. */
  async answer(lookups: PassLookups): Promise<AnsweredInstance[]> {
    const answered: AnsweredInstance[] = [];
    for (const own of this.#groups.values()) {
      if (own.queue.length === 0) continue;
      const open = own.entry ? undefined : this.#openOutside(own.group);
      if (open) {
        this.#showWaiting(own, open);
        continue;
      }
      const entry = (own.entry ??= await this.#enter(own, lookups));
      const now = this.#context.clock.now();
      for (const skipped of own.skipped.splice(0)) this.#sign(entry, skipped);
      for (const instance of own.queue.splice(0)) answered.push(groupAnswer(own.group, entry, instance, now));
    }
    return answered;
  }

  #of(node: DagNode): Group | undefined {
    const group = this.#state.groups.of(node);
    return group && this.#groups.get(group);
  }

  /** The first task outside that has not ended. */
  #openOutside({ outside }: CachedGroup): DagNode | undefined {
    return outside.find((node) => !this.#state.work.isDone(node));
  }

  #showWaiting({ group, queue }: Group, { task }: DagNode): void {
    const detail = { transaction: group.id, what: task.taskId };
    const cacheReason = { code: "waiting_for_transaction", detail } as const;
    for (const { node, mapIndex } of queue) {
      const row = this.#state.table.find(node, mapIndex);
      if (row?.state === "scheduled") continue;
      this.#state.table.change(node, mapIndex, { state: "scheduled", cacheReason });
    }
  }

  /** Which instances were skipped is known by the key that they carry. */
  #sign(entry: GroupEntry, { node, mapIndex }: ReadyInstance): void {
    const cacheKey = entry.kind === "hit" ? entry.key : (entry.change.cacheKey ?? null);
    const row = this.#state.table.find(node, mapIndex);
    if (row?.state === "skipped" && cacheKey !== null) this.#state.table.change(node, mapIndex, { cacheKey });
  }

  async #enter(own: Group, lookups: PassLookups): Promise<GroupEntry> {
    const { group } = own;
    const { cachingOffReason } = this.#context;
    const { run, version } = this.#state;
    const intent = groupIntent(group, version.dag, run, cachingOffReason());
    if (intent.kind === "off") return runs({ cacheStatus: "disabled", cacheReason: intent.reason });
    const outside = this.#outsideReason(group);
    if (outside) return runs({ cacheStatus: "uncacheable", cacheReason: outside });
    const made = await this.#keys.find(group);
    if (!(made instanceof GroupKey)) return runs({ cacheStatus: "uncacheable", cacheReason: made });
    const begun = this.#begunReason(own, made);
    if (begun) return runs({ cacheStatus: "uncacheable", cacheReason: begun });
    const cacheKey = made.key;
    const refresh = intent.kind === "refresh" ? intent.reason : this.#refreshReason(group);
    const entry = refresh
      ? runs({ cacheStatus: "skipped", cacheReason: refresh, cacheKey })
      : await this.#lookUp(made, lookups);
    if (entry.kind === "hit") return entry;
    // If caching was switched off meanwhile, nothing is stored either.
    const turnedOff = cachingOffReason();
    if (turnedOff !== null) return runs({ cacheStatus: "disabled", cacheReason: switchedOff(turnedOff) });
    this.#note(made, entry.change);
    return entry;
  }

  /** Its key says nothing of how tasks outside ended. */
  #outsideReason(group: CachedGroup): Reason | undefined {
    const { table } = this.#state;
    for (const node of group.outside) {
      const rows = table.listOf(node);
      const other = rows.find(({ state }) => state !== "success");
      if (rows.length > 0 && !other) continue;
      return uncacheable(group, `${node.task.taskId} before it has ended as ${other?.state ?? "skipped"}`);
    }
    return undefined;
  }

  /** Instances that have ended, or run, belong to the record only if they had the same key. */
  #begunReason({ group, skipped }: Group, { key }: GroupKey): Reason | undefined {
    const { table } = this.#state;
    for (const node of group.nodes) {
      for (const { mapIndex, state, cacheKey } of table.listOf(node)) {
        const isWaiting = state === "none" || state === "scheduled";
        if (cacheKey === key || isWaiting) continue;
        if (skipped.some((one) => one.node === node && one.mapIndex === mapIndex)) continue;
        return uncacheable(group, `${node.task.taskId} has begun without it, or with other inputs`);
      }
    }
    return undefined;
  }

  #refreshReason({ nodes }: CachedGroup): Reason | null {
    for (const node of nodes) {
      for (const row of this.#state.table.listOf(node)) {
        const reason = isTerminal(row.state) ? null : refreshReasonOf(row);
        if (reason) return reason;
      }
    }
    return null;
  }

  async #lookUp(made: GroupKey, lookups: PassLookups): Promise<GroupEntry> {
    const { caches, clock, defaultTtlMs, cachingOffReason } = this.#context;
    const { run } = this.#state;
    const { group, key: cacheKey } = made;
    const ttlMs = groupTtlMs(group, defaultTtlMs());
    const askedAt = clock.monotonic();
    const ask = { key: cacheKey, ttlMs, limits: run.cacheLimits };
    const outcome = await lookups.of(group.config).ask([ask]);
    const lookupMs = clock.monotonic() - askedAt;
    const counts = { lookups: 1, lookupMs, lookupMaxMs: lookupMs };
    caches.common.count({ team: run.team, dagId: run.dagId, taskId: group.id }, counts);
    const unanswered = outcome.kind === "answered" ? outcome.unanswered : outcome;
    const answer = outcome.kind === "answered" ? outcome.answers.get(cacheKey) : undefined;
    if (!answer && unanswered?.kind === "timeout")
      return runs({ cacheStatus: "lookup_timeout", cacheReason: null, cacheKey });
    if (!answer && unanswered?.kind === "failed") {
      const cacheReason = { code: "lookup_failed", detail: { what: unanswered.message } } as const;
      return runs({ cacheStatus: "lookup_failure", cacheReason, cacheKey });
    }
    const missed = (what: string): GroupEntry => {
      const cacheReason = { code: "transaction_missed", detail: { transaction: group.id, what } } as const;
      return runs({ cacheStatus: "miss", cacheReason, cacheKey });
    };
    if (answer?.kind !== "hit") return missed(answer?.kind === "miss" ? answer.reason : "no_entry");
    // As for tasks: no hit after caching was switched off.
    if (cachingOffReason() !== null) return missed("no_entry");
    const members = this.#membersOf(group, answer.hit);
    if (members === "unsound") return missed("integrity_failed");
    if (members === "others") return missed("no_entry");
    caches.of(run.team, group.config).countHits(run.team, [cacheKey]);
    return { kind: "hit", key: cacheKey, runId: answer.hit.record.producer.runId, members };
  }

  /** The instances of a record; `others`: those of the run that have ended have other results. */
  #membersOf(group: CachedGroup, hit: CacheHit): Map<string, RecordedMember> | "unsound" | "others" {
    const members = readRecord(hit);
    if (!members) return "unsound";
    const { table, results } = this.#state;
    for (const node of group.nodes) {
      const isThere = [...members.values()].some(({ taskId }) => taskId === node.task.taskId);
      if (!isThere) return "unsound";
      for (const row of table.listOf(node)) {
        if (!isTerminal(row.state)) continue;
        const recorded = members.get(instanceKey(row));
        const returned = recorded?.xcoms.find(({ key }) => key === RETURN_VALUE)?.digest;
        const isSame =
          recorded?.state === row.state && returned === results.findReturned(node, row.mapIndex)?.digest;
        if (!isSame) return "others";
      }
    }
    return members;
  }

  #note(made: GroupKey, change: Partial<TaskInstance>): void {
    const { cacheStatus, cacheReason } = change;
    const isMiss = cacheReason?.code === "transaction_missed";
    const verdict = isMiss
      ? verdictOf({ cacheStatus: "miss", cacheReason: { code: cacheReason.detail.what } as Reason })
      : verdictOf({ ...(cacheStatus !== undefined && { cacheStatus }) });
    if (!verdict) return;
    const { id: taskId, config: storage } = made.group;
    this.#state.misses.push({ taskId, mapIndex: UNMAPPED, storage, made, verdict });
  }
}

function runs(change: Partial<TaskInstance>): Extract<GroupEntry, { kind: "run" }> {
  return { kind: "run", change };
}

function uncacheable({ id }: CachedGroup, what: string): Reason {
  return { code: "transaction_uncacheable", detail: { transaction: id, what } };
}
