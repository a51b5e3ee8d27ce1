// Makes the part of an instance in the record of its transaction, if it may be stored: the key still says what it used.

import { UNMAPPED, type Reason } from "@memodag/core";
import { findInputChange } from "../../cache/input-change.ts";
import { GroupKey } from "../../cache/group-key.ts";
import { fixedExpiry } from "../../cache/result-validity.ts";
import { putMode } from "../../cache/store-status.ts";
import type { RunContext } from "../../context/run-context.ts";
import type { CachedGroup } from "../../graph/cached-groups.ts";
import type { RunState, StoreJob } from "../state/run-state.ts";
import { groupTtlMs, type GroupKeys } from "./group-keys.ts";
import type { PreparedRecord } from "./prepare-record.ts";
import { stagedXComs, type StagedPart } from "./staged-body.ts";

/** Resolves to the part of an instance, or to why it keeps the transaction from being stored. */
export async function preparePart(
  context: RunContext,
  state: RunState,
  keys: GroupKeys,
  group: CachedGroup,
  { node, row, code, xcoms }: StoreJob,
  isWithRecord: boolean,
): Promise<{ readonly part: StagedPart } | { readonly reason: Reason }> {
  if (group.config.mode === "read") return { reason: { code: "read_only" } };
  const { surroundings, clock } = context;
  const { version } = state;
  const { installed = { sealed: [], named: [] }, timezone } = version.dag;
  const { packages, spawnedAt } = code;
  const change = await surroundings.findPackageChange(version.file, installed, packages, spawnedAt);
  if (change !== null) return { reason: change };
  // Examined again: the key covers what the task read only if it is still what it was when the key was made.
  const now = await surroundings.of(version.file, node.task);
  if (now.kind === "unknown") return { reason: now.reason };
  const made = await keys.find(group);
  if (!(made instanceof GroupKey)) return { reason: made };
  const before = made.surroundingsOf(node);
  if (made.key !== row.cacheKey || !before)
    return { reason: inputChanged("what the key of its transaction was made of") };
  const different = findInputChange(before, now);
  if (different !== null) return { reason: inputChanged(different) };
  const endedAt = row.endedAt ?? clock.now();
  const limits = [node.task.cache?.expires, group.config.expires].flatMap(
    (expires) => fixedExpiry({ expires, timezone, expiresAt: code.expiresAt }, endedAt) ?? [],
  );
  const { cacheStatus, cacheReason } = row;
  const part: StagedPart = {
    kind: "part",
    mode: putMode(row, null),
    asked: { cacheStatus, cacheReason },
    key: made.key,
    xcoms: stagedXComs(xcoms),
    ...(limits.length > 0 && { expiresAt: limits.reduce((a, b) => Math.min(a, b)) }),
    ...(isWithRecord && { record: await recordOf(context, state, made) }),
  };
  return { part };
}

async function recordOf(
  { defaultTtlMs, secrets }: RunContext,
  { run, results }: RunState,
  made: GroupKey,
): Promise<PreparedRecord> {
  return {
    team: run.team,
    key: made.key,
    dagId: run.dagId,
    taskId: made.group.id,
    sourceHash: made.group.source,
    components: await made.recorded(results, secrets),
    error: null,
    producer: { runId: run.runId, mapIndex: UNMAPPED, tryNumber: 1 },
    durationMs: 0,
    ttlMs: groupTtlMs(made.group, defaultTtlMs()),
  };
}

function inputChanged(what: string): Reason {
  return { code: "input_changed", detail: { what } };
}
