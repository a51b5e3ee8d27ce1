// Finds the runs, and the parts of runs, that are over the limits of the config.

import type { DagStore, EndedRun, EndedRunSizes, RunPart, RunRetention } from "@memodag/core";
import { limitOf, limitsOf, type RetentionLimits } from "../retention-limits.ts";
import type { WaitingRuns } from "./waiting-runs.ts";

/** Pages of runs, each after the last run of the one before; an empty page is the last. */
export type RunPages = (after: EndedRun | undefined, limit: number) => Promise<EndedRun[]>;

/** The sources of {@link RunPages}. */
export interface OldRunParts {
  readonly retention: RunRetention;
  readonly dags: Pick<DagStore, "listDags">;
  readonly limits: RetentionLimits;
}

/** Runs over their limit of age, and then those over the number of their Dag. */
export async function oldRuns({ retention, dags, limits }: OldRunParts): Promise<RunPages[]> {
  const pages = byAge(retention, limits, "runsMs");
  for (const { team, dagId } of await dags.listDags()) {
    const keep = limitOf(limits, "maxRuns", { team, dagId });
    if (keep === null) continue;
    pages.push((after, limit) => retention.listSurplus({ team, dagId, keep, after, limit }));
  }
  return pages;
}

/** Runs whose XComs are over their limit of age. */
export function runsWithOldXComs({ retention, limits }: OldRunParts): RunPages[] {
  return byAge(retention, limits, "xcomsMs", "xcoms");
}

function byAge(
  retention: RunRetention,
  limits: RetentionLimits,
  kind: "runsMs" | "xcomsMs",
  part?: RunPart,
): RunPages[] {
  return limitsOf(limits, kind).flatMap(({ dag, except, limit: olderThanMs }) =>
    olderThanMs === null
      ? []
      : [
          (after: EndedRun | undefined, limit: number) =>
            retention.listOld({ olderThanMs, dag, except, after, limit }, part),
        ],
  );
}

/** The part of runs that a size limits. */
const SIZE_OF: Readonly<Record<RunPart, (run: EndedRunSizes) => number>> = {
  xcoms: (run) => run.xcomBytes,
  entries: (run) => run.entryBytes,
};

/**
 * Ended runs with a part that does not fit in `maxBytes` together with that of all runs that ended later. Pages may
 * have few of the runs that were looked at, and are then followed by others.
 */
export async function* runsOverSize(
  retention: RunRetention,
  part: RunPart,
  maxBytes: number,
  limit: () => number,
): AsyncGenerator<EndedRun[]> {
  let bytes = 0;
  for (let after: EndedRun | undefined; ;) {
    const page = await retention.listSizes(after, limit());
    yield page.filter((run) => {
      const size = SIZE_OF[part](run);
      bytes += size;
      return run.isRemovable && size > 0 && bytes > maxBytes;
    });
    after = page.at(-1);
    if (!after) return;
  }
}

/** Those of the runs that no run in progress needs. */
export async function withoutNeeded(
  retention: RunRetention,
  waiting: WaitingRuns,
  runs: readonly EndedRun[],
): Promise<EndedRun[]> {
  if (runs.length === 0) return [];
  const awaited = new Set(await retention.findAwaited(runs.map(({ id }) => id)));
  return runs.filter((run) => !awaited.has(run.id) && !waiting.mayNeed(run));
}
