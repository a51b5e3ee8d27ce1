// The tries of a run's tasks: when each waited, ran and ended, and how.

import type { TryOutcome, StoredError, TaskTry } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { isoTime } from "../iso-time.ts";
import { readPage, type Page, type PageInput } from "../page.ts";
import { getRun, type RunName } from "./find-run.ts";

/** Selects tries of a run. */
export interface ListAttemptsInput extends RunName, PageInput {
  readonly taskId?: string | undefined;
  readonly mapIndex?: number | undefined;
}

/** A try. Times are ISO 8601. All pokes of a sensor are one try, and a hit has none. */
export interface AttemptReport {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly tryNumber: number;
  /** When it could have run, had there been a slot and its locks; `null`: not known. */
  readonly readyAt: string | null;
  readonly queuedAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** `null`: it has not ended. */
  readonly outcome: TryOutcome | null;
  readonly error: StoredError | null;
  /** Host and process, or the name of a worker host; `null`: nowhere yet. */
  readonly worker: string | null;
}

/** Default number of tries on a page. */
const DEFAULT_LIMIT = 1_000;

/**
 * Lists tries by task, map index and number. Tries of versions that kept none are missing.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`, `cursor_invalid`.
 */
export async function listAttempts(
  { stores }: OperationContext,
  { taskId, mapIndex, limit = DEFAULT_LIMIT, after, ...name }: ListAttemptsInput,
): Promise<Page<AttemptReport>> {
  const { team, id } = await getRun(stores, name);
  const filter = { ...(taskId !== undefined && { taskId }), ...(mapIndex !== undefined && { mapIndex }) };
  const placeOf = (one: TaskTry): [string, number, number] => [one.taskId, one.mapIndex, one.tryNumber];
  const page = await readPage({ name: `attempts ${id}`, placeOf }, { limit, after }, (query) =>
    stores.views.listTries(team, id, {
      ...filter,
      limit: query.limit,
      ...(query.after && { after: tryAt(query.after) }),
    }),
  );
  return { ...page, items: page.items.map(reportAttempt) };
}

function tryAt([taskId, mapIndex, tryNumber]: [string, number, number]) {
  return { taskId, mapIndex, tryNumber };
}

/** Reports a try. */
export function reportAttempt(one: TaskTry): AttemptReport {
  return {
    taskId: one.taskId,
    mapIndex: one.mapIndex,
    tryNumber: one.tryNumber,
    readyAt: isoTime(one.readyAt),
    queuedAt: isoTime(one.queuedAt),
    startedAt: isoTime(one.startedAt),
    endedAt: isoTime(one.endedAt),
    outcome: one.outcome,
    error: one.error,
    worker: one.worker,
  };
}
