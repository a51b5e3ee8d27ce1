// Makes the record of a result that is to be stored, if it may be stored: the key still says what the attempt used.

import type { KeyAnswer, Reason, SavedEntry } from "@memodag/core";
import type { NewCacheRecord } from "@memodag/result-cache";
import type { KnownSurroundings } from "../../cache/cache-intent.ts";
import { makeKey } from "../../cache/evaluate.ts";
import { findInputChange, type InputChanged } from "../../cache/input-change.ts";
import { keyFault } from "../../cache/key-question.ts";
import type { MadeKey } from "../../cache/made-key.ts";
import type { RunContext } from "../../context/run-context.ts";
import type { RunState, StoreJob } from "../state/run-state.ts";
import type { KeyQuestions } from "./key-questions.ts";

/** Asks key functions again. */
export type KeyConfirmation = Pick<KeyQuestions, "askAgain">;

/** A record but for what is known only when it is stored. */
export type PreparedRecord = Omit<NewCacheRecord, "xcoms" | "seal" | "signature" | "validForMs" | "entries">;

/**
 * Resolves to the record of a result, or to why it must not be stored.
 * @throws MemodagError when the key cannot be made again
 */
export async function prepareRecord(
  context: RunContext,
  state: RunState,
  keyQuestions: KeyConfirmation,
  job: StoreJob,
): Promise<{ readonly kind: "prepared"; readonly record: PreparedRecord } | InputChanged> {
  const { node, mapIndex, row, config, code, error } = job;
  const { surroundings, secrets, defaultTtlMs } = context;
  const { run, version, results } = state;
  const { installed = { sealed: [], named: [] } } = version.dag;
  const { packages, spawnedAt } = code;
  const reason = await surroundings.findPackageChange(version.file, installed, packages, spawnedAt);
  if (reason !== null) return changed(reason);
  // Examined again: the key covers what the task read only if it is still what it was when the key was made.
  const now = await surroundings.of(version.file, node.task);
  if (now.kind === "unknown") return changed(now.reason);
  const known = state.keys.get(node, mapIndex);
  const keyAnswer = await confirmKey(keyQuestions, job, known);
  const fault = config.key ? keyFault(keyAnswer) : null;
  if (fault) return changed(fault);
  if (known && keyAnswer?.kind === "key" && keyAnswer.json !== known.keyJson)
    return changed({ code: "key_changed" });
  const made = known ?? (await makeAnew(context, state, job, { surroundings: now, keyAnswer }));
  if (made.key !== row.cacheKey) return inputChanged("what the key was made of");
  const change = findInputChange(made.surroundings, now);
  if (change !== null) return inputChanged(change);
  const ttlMs = error ? config.errorsTtlMs : config.ttlMs;
  const record = {
    team: run.team,
    key: made.key,
    dagId: run.dagId,
    taskId: node.task.taskId,
    sourceHash: node.task.sourceHash,
    components: await made.recorded(results, secrets),
    error,
    producer: { runId: run.runId, mapIndex, tryNumber: row.tryNumber },
    durationMs: row.durationMs ?? 0,
    ttlMs: ttlMs === "default" ? defaultTtlMs() : ttlMs,
  };
  return { kind: "prepared", record };
}

/** The entries of a record, as it keeps them; those of an attempt that saved none are left out. */
export function recordedEntries(
  { entries }: RunContext,
  saved: readonly SavedEntry[] | undefined,
): Pick<NewCacheRecord, "entries"> {
  return saved && entries ? { entries: entries.recorded(saved) } : {};
}

/** A function that is not trusted is asked again: its answer may have become another one while the task ran. */
async function confirmKey(
  keyQuestions: KeyConfirmation,
  job: StoreJob,
  known: MadeKey | undefined,
): Promise<KeyAnswer | undefined> {
  const { key } = job.config;
  if (!key) return undefined;
  if (known?.keyJson !== undefined && key.trust !== undefined) return { kind: "key", json: known.keyJson };
  return await keyQuestions.askAgain(job);
}

/** For an attempt that started before this process loaded the run. */
async function makeAnew(
  context: RunContext,
  state: RunState,
  { node, mapIndex, config }: StoreJob,
  now: { readonly surroundings: KnownSurroundings; readonly keyAnswer: KeyAnswer | undefined },
): Promise<MadeKey> {
  const { run, version, work, results } = state;
  const order = { node, mapIndex, run, dag: version.dag, args: work.argsOf(node, mapIndex) };
  // Those of now, in place of those that the attempt was given: if they differ, so does the key, and nothing is stored.
  const entries = config.reads && context.entries?.snapshot(run, config.reads, state.entries);
  const { surroundings, keyAnswer } = now;
  return await makeKey({ ...order, entries, keyAnswer, env: context.env }, config, surroundings, results);
}

function changed(reason: Reason): InputChanged {
  return { kind: "input_changed", reason };
}

function inputChanged(what: string): InputChanged {
  return changed({ code: "input_changed", detail: { what } });
}
