// Removes the logs and the copies of artifacts on this machine that are not needed or are over a limit.

import { chunksOf, type ArtifactCopy, type RunLogPlaces, type RunLogs } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { removeLogs } from "./drain.ts";
import { limitOf, type DagLimits } from "../retention-limits.ts";
import { addRemoved, NOTHING_REMOVED, type Removed } from "./removed.ts";

/** The parts of a context that local files need. */
export type LocalFilesContext = Pick<OperationContext, "logs" | "clock" | "openArtifactCopies"> & {
  readonly stores: Pick<OperationContext["stores"], "runRetention" | "dags" | "superseded">;
  readonly settings: Pick<OperationContext["settings"], "retention">;
};

/** Milliseconds for which a copy of an artifact stays after it was made: its maker is about to use it. */
const COPY_GRACE_MS = 3_600_000;

const PAGE = 500;

/** Files of one machine. Every process that starts attempts there may clean them, several at once. */
export class LocalFiles {
  readonly #context: LocalFilesContext;
  /**
   * The last removals that were seen the last time, and the time before. Removals may become visible out of their
   * order, but not by so much.
   */
  #seen: readonly [earlier: number, last: number] = [0, 0];

  constructor(context: LocalFilesContext) {
    this.#context = context;
  }

  /** Removes until nothing is left to remove, or the signal aborts. */
  async clean(signal?: AbortSignal): Promise<Removed> {
    let removed = await this.#removeLogsOfRemoved(signal);
    const { logs } = this.#context;
    for (const one of await this.#doomedLogs()) {
      if (signal?.aborted) return removed;
      await logs.discard(one);
      removed = addRemoved(removed, { logs: one.count, bytes: one.sizeBytes });
    }
    const copies = await this.#context.openArtifactCopies();
    for (const one of await this.#doomedCopies()) {
      if (signal?.aborted) return removed;
      await copies.remove(one.digest);
      removed = addRemoved(removed, { artifacts: 1, bytes: one.sizeBytes });
    }
    return removed;
  }

  /** Counts what {@link clean} would remove, but for logs of runs that are removed before it. */
  async plan(): Promise<Removed> {
    let planned = NOTHING_REMOVED;
    for (const { count, sizeBytes } of await this.#doomedLogs())
      planned = addRemoved(planned, { logs: count, bytes: sizeBytes });
    for (const { sizeBytes } of await this.#doomedCopies())
      planned = addRemoved(planned, { artifacts: 1, bytes: sizeBytes });
    return planned;
  }

  /** Runs that were removed by a process of another machine, or by one that was killed, may have logs here. */
  async #removeLogsOfRemoved(signal: AbortSignal | undefined): Promise<Removed> {
    const { logs, stores } = this.#context;
    const [from, until] = this.#seen;
    let removed = NOTHING_REMOVED;
    let last = from;
    for (;;) {
      if (signal?.aborted) break;
      const runs = await stores.runRetention.listRemoved(last, PAGE);
      removed = addRemoved(removed, await removeLogs(logs, runs));
      const end = runs.at(-1);
      if (!end) break;
      last = end.removalId;
    }
    this.#seen = [until, Math.max(until, last)];
    return removed;
  }

  /** Logs that are over a limit of age or, together with all later ones, over the limit of size. */
  async #doomedLogs(): Promise<RunLogs[]> {
    const { logs, stores, settings, clock } = this.#context;
    const limits = settings.retention();
    const { maxLogBytes } = limits;
    if (limits.logsMs === null && maxLogBytes === null && limits.dags.every(({ logsMs }) => !logsMs))
      return [];
    const ageLimits = new Map<string, DagLimits["logsMs"]>();
    for (const { team, dagId } of await stores.dags.listDags())
      ageLimits.set(
        logs.placesOf({ team, dagId, runId: "" }).dag,
        limitOf(limits, "logsMs", { team, dagId }),
      );
    const inProgress = await this.#placesInProgress();
    const doomed: RunLogs[] = [];
    const kept: RunLogs[] = [];
    for await (const found of logs.scan()) {
      if (inProgress.has(found.run)) continue;
      const limit = ageLimits.has(found.dag) ? (ageLimits.get(found.dag) ?? null) : limits.logsMs;
      const isOld = limit !== null && found.changedAt <= clock.now() - limit;
      (isOld ? doomed : kept).push(found);
    }
    if (maxLogBytes === null) return doomed;
    let bytes = 0;
    for (const found of kept.toSorted((a, b) => b.changedAt - a.changedAt)) {
      bytes += found.sizeBytes;
      if (bytes > maxLogBytes) doomed.push(found);
    }
    return doomed;
  }

  async #placesInProgress(): Promise<Set<RunLogPlaces["run"]>> {
    const { logs, stores } = this.#context;
    const places = new Set<string>();
    for (let after = 0; ;) {
      const runs = await stores.runRetention.listInProgress(after, PAGE);
      for (const run of runs) places.add(logs.placesOf(run).run);
      const last = runs.at(-1);
      if (!last) return places;
      after = last.id;
    }
  }

  /** Copies of artifacts that the database does not have any more, and those over the limit of size, the oldest first. */
  async #doomedCopies(): Promise<ArtifactCopy[]> {
    const { openArtifactCopies, stores, settings, clock } = this.#context;
    const { maxArtifactBytes } = settings.retention();
    const copies = await (await openArtifactCopies()).list();
    const known = new Set<string>();
    for (const some of chunksOf(copies, PAGE)) {
      const digests = some.map(({ digest }) => digest);
      for (const digest of await stores.superseded.findArtifacts(digests)) known.add(digest);
    }
    let bytes = 0;
    return copies
      .toSorted((a, b) => b.changedAt - a.changedAt)
      .filter(({ digest, sizeBytes, changedAt }) => {
        bytes += sizeBytes;
        const isOver = maxArtifactBytes !== null && bytes > maxArtifactBytes;
        return changedAt <= clock.now() - COPY_GRACE_MS && (isOver || !known.has(digest));
      });
  }
}
