// Makes the one record of a transaction when it is committed: from all of its instances, or from none.

import {
  instanceName,
  reasonSentence,
  RETURN_VALUE,
  type CacheStatus,
  type Reason,
  type TaskInstance,
} from "@memodag/core";
import type { CacheHit, StagedEntry, StagedXCom } from "@memodag/result-cache";
import { memberReason } from "../../cache/group-key.ts";
import { readRecord, recordedValues, type GroupMember } from "../../cache/group-manifest.ts";
import { validForMs } from "../../cache/result-validity.ts";
import type { RunContext } from "../../context/run-context.ts";
import type { CachedGroup } from "../../graph/cached-groups.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";
import type { RunState } from "../state/run-state.ts";
import { findStale } from "../phases/judge-order.ts";
import { groupTtlMs } from "./group-keys.ts";
import type { StagedPart } from "./staged-body.ts";

/** A staged instance of a transaction with one record. */
export interface StagedMemberPart extends ReadyInstance {
  readonly body: StagedPart;
  /** Its position in the order in which the run's members succeeded. */
  readonly place: number;
  /** True if its attempt saved or removed entries of job caches. */
  readonly hasEntries: boolean;
}

/** A record to store, or why there is none. */
export type GroupEntry =
  | { readonly kind: "entry"; readonly entry: StagedEntry }
  | { readonly kind: "refused"; readonly reason: Reason };

/** The status under which an instance's result is stored, or was. */
const SOUND: ReadonlySet<CacheStatus | null> = new Set<CacheStatus>([
  "hit",
  "populated",
  "miss",
  "skipped",
  "lookup_timeout",
  "lookup_failure",
]);

/** Makes records of the transactions of one run. */
export class GroupRecords {
  readonly #context: RunContext;
  readonly #state: RunState;

  constructor(context: RunContext, state: RunState) {
    this.#context = context;
    this.#state = state;
  }

  /** Makes the record of a group whose tasks have all ended. */
  async make(group: CachedGroup, parts: readonly StagedMemberPart[]): Promise<GroupEntry> {
    const { table, run } = this.#state;
    const staged = new Map(parts.map((part) => [nameOf(part), part]));
    const base = parts.find(({ body }) => body.record)?.body.record;
    if (!base) return refused(group, "the instance that had its key was cleared");
    const rows = group.nodes.flatMap((node) => table.listOf(node));
    const kept: TaskInstance[] = [];
    for (const row of rows) {
      const own = staged.get(nameOf(row));
      const fault = faultOf(row, own, base.key);
      if (fault) return { kind: "refused", reason: memberReason(group, nameOf(row), fault) };
      if (row.state === "success" && !own) kept.push(row);
    }
    const stale = findStale(group, (node) =>
      table.listOf(node).map((row) => ({ row, place: staged.get(nameOf(row))?.place })),
    );
    if (stale) {
      const [before, since] = [stale.stale.task.taskId, stale.since.task.taskId];
      return refused(group, `${before} did not run again after ${since} did`);
    }
    const members = await this.#membersOf(rows, staged, kept);
    if (typeof members === "string") return refused(group, `a value of ${members} is gone`);
    const limits = this.#limitsOf(group, parts);
    const before = kept.length > 0 ? await this.#leftOf(group, base.key, kept, members) : undefined;
    if (before === null) return refused(group, "the record that its other results are of is gone");
    if (before !== undefined) limits.push(before);
    const validMs = limits.length > 0 ? limits.reduce((a, b) => Math.min(a, b)) : undefined;
    if (validMs !== undefined && validMs <= 0)
      return { kind: "refused", reason: { code: "already_expired" } };
    const record = {
      ...base,
      producer: { ...base.producer, runId: run.runId },
      durationMs: members.reduce((sum, { durationMs }) => sum + durationMs, 0),
      ...(validMs !== undefined && { validForMs: validMs }),
    };
    const mode = parts.some(({ body }) => body.mode === "replace") ? "replace" : "keep-live";
    return { kind: "entry", entry: { record, xcoms: recordedValues(members), mode } };
  }

  async #membersOf(
    rows: readonly TaskInstance[],
    staged: ReadonlyMap<string, StagedMemberPart>,
    kept: readonly TaskInstance[],
  ): Promise<GroupMember[] | string> {
    const { run } = this.#state;
    const xcoms = new Map<string, readonly StagedXCom[]>();
    for (const [name, { body }] of staged) xcoms.set(name, body.xcoms);
    if (kept.length > 0) {
      const all = await this.#context.runs.listXComs(run.team, run.id);
      const byInstance = Map.groupBy(all, nameOf);
      for (const row of kept) {
        const values = byInstance.get(nameOf(row)) ?? [];
        xcoms.set(
          nameOf(row),
          values.map(({ key, digest, sizeBytes, store }) => ({ key, digest, sizeBytes, store })),
        );
      }
    }
    const members: GroupMember[] = [];
    for (const row of rows) {
      const { taskId, mapIndex, error, tryNumber } = row;
      const values = xcoms.get(nameOf(row)) ?? [];
      const isSuccess = row.state === "success";
      if (isSuccess && !values.some(({ key }) => key === RETURN_VALUE)) return nameOf(row);
      // A hit has saved the duration of the attempt that made it.
      const durationMs = (row.cacheStatus === "hit" ? row.savedMs : row.durationMs) ?? 0;
      members.push({
        taskId,
        mapIndex,
        state: isSuccess ? "success" : "skipped",
        error,
        durationMs,
        tryNumber,
        xcoms: isSuccess ? values : [],
      });
    }
    return members;
  }

  /** How long the results are good for, in milliseconds, by each that says so. */
  #limitsOf({ config, nodes }: CachedGroup, parts: readonly StagedMemberPart[]): number[] {
    const { timezone } = this.#state.version.dag;
    const now = this.#context.clock.now();
    const expiries = [
      ...parts.map(({ body }) => ({ expires: undefined, expiresAt: body.expiresAt })),
      ...[config, ...nodes.map(({ task }) => task.cache)].map((cache) => ({
        expires: cache?.expires,
        expiresAt: undefined,
      })),
    ];
    return expiries.flatMap((own) => validForMs({ ...own, timezone }, now) ?? []);
  }

  /**
   * How long the results that did not run again are still good for: what is left of the record that they are of.
   * `null`: that is not known; undefined: without limit.
   */
  async #leftOf(
    group: CachedGroup,
    key: string,
    kept: readonly TaskInstance[],
    members: readonly GroupMember[],
  ): Promise<number | null | undefined> {
    const { caches, defaultTtlMs } = this.#context;
    const { team } = this.#state.run;
    const ttlMs = groupTtlMs(group, defaultTtlMs());
    const lookup = caches.of(team, group.config).openPass(team);
    const outcome = await lookup.ask([{ key, ttlMs }]);
    const answer = outcome.kind === "answered" ? outcome.answers.get(key) : undefined;
    if (answer?.kind !== "hit" || !isOf(answer.hit, kept, members)) return null;
    const { ageMs, validForMs: validMs } = answer.hit.record;
    const left = Math.min(ttlMs ?? Infinity, validMs ?? Infinity) - ageMs;
    return left === Infinity ? undefined : left;
  }
}

/** Why an instance keeps the transaction from being stored; undefined if it does not. */
function faultOf(
  { state, cacheKey, cacheStatus, cacheReason, error }: TaskInstance,
  staged: StagedMemberPart | undefined,
  key: string,
): string | undefined {
  if (state !== "success" && state !== "skipped") return `it is ${state}`;
  if (cacheStatus === "uncacheable" || cacheStatus === "put_failure" || cacheStatus === "disabled")
    return cacheReason ? reasonSentence(cacheReason) : cacheStatus;
  if (cacheKey === null) return "it did not run with the others, or its state was set manually";
  if (cacheKey !== key) return "it had other inputs";
  if (state === "skipped")
    return error && cacheStatus !== "hit" ? "it skipped itself, which may depend on what it read" : undefined;
  if (!staged) return SOUND.has(cacheStatus) ? undefined : `it is ${cacheStatus}`;
  if (staged.body.key !== key) return "it had other inputs";
  return staged.hasEntries ? "it saved entries of a job cache" : undefined;
}

/** True if the instances have the results that a record has. */
function isOf(hit: CacheHit, kept: readonly TaskInstance[], members: readonly GroupMember[]): boolean {
  const recorded = new Map(Array.from(readRecord(hit)?.values() ?? [], (member) => [nameOf(member), member]));
  const names = new Set(kept.map(nameOf));
  return members.every((member) => {
    if (!names.has(nameOf(member))) return true;
    const before = recorded.get(nameOf(member))?.xcoms;
    const digests = new Map(before?.map(({ key, digest }) => [key, digest]));
    return (
      before?.length === member.xcoms.length && member.xcoms.every((x) => digests.get(x.key) === x.digest)
    );
  });
}

function nameOf(instance: ReadyInstance | Pick<TaskInstance, "taskId" | "mapIndex">): string {
  const taskId = "node" in instance ? instance.node.task.taskId : instance.taskId;
  return instanceName(taskId, instance.mapIndex);
}

function refused(group: CachedGroup, what: string): GroupEntry {
  return {
    kind: "refused",
    reason: { code: "transaction_uncacheable", detail: { transaction: group.id, what } },
  };
}
