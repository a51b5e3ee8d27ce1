// The limits of the config: ages, numbers and sizes.

import type { DagSelection } from "@memodag/core";

/** Limits that each Dag may have of its own. Durations are milliseconds; `null`: without limit. */
export interface DagLimits {
  /** Since the end of a run. */
  readonly runsMs: number | null;
  /** Ended runs of a Dag. */
  readonly maxRuns: number | null;
  /** Since the end of their run. */
  readonly xcomsMs: number | null;
  /** Since the last line. */
  readonly logsMs: number | null;
}

/** All limits. */
export interface RetentionLimits extends DagLimits {
  /** Dags with limits of their own, in place of these. */
  readonly dags: readonly (DagSelection & Partial<DagLimits>)[];
  readonly maxXComBytes: number | null;
  readonly maxEntryBytes: number | null;
  readonly maxLogBytes: number | null;
  /** Since the creation of a version or an artifact. */
  readonly artifactsMs: number | null;
  /** Of the copies on this machine. */
  readonly maxArtifactBytes: number | null;
  readonly explanationsMs: number | null;
  readonly auditMs: number | null;
}

/** Dags that share a limit; of all Dags where there is no `dag`. */
export interface LimitedDags<T> {
  readonly dag?: DagSelection;
  /** Dags that have a limit of their own. */
  readonly except: readonly DagSelection[];
  readonly limit: T;
}

/** The limits of one kind: of each Dag that is named, and of all others. */
export function limitsOf<K extends keyof DagLimits>(
  limits: RetentionLimits,
  kind: K,
): LimitedDags<DagLimits[K]>[] {
  const named = limits.dags.map(({ dagId, team }) => ({ dagId, ...(team !== undefined && { team }) }));
  return [
    { except: named, limit: limits[kind] },
    ...limits.dags.map((own, index): LimitedDags<DagLimits[K]> => {
      const dag = named[index] ?? { dagId: own.dagId };
      // A table for every team leaves out the teams that have one.
      const except =
        dag.team === undefined
          ? named.filter((other) => other.dagId === dag.dagId && other.team !== undefined)
          : [];
      return { dag, except, limit: own[kind] ?? (kind in own ? null : limits[kind]) } as LimitedDags<
        DagLimits[K]
      >;
    }),
  ];
}

/** The limit of one Dag. */
export function limitOf<K extends keyof DagLimits>(
  limits: RetentionLimits,
  kind: K,
  { team, dagId }: { readonly team: string; readonly dagId: string },
): DagLimits[K] {
  const isOf = (one: DagSelection): boolean =>
    one.dagId === dagId && (one.team === undefined || one.team === team);
  const found = limitsOf(limits, kind).find(
    ({ dag, except }) => dag !== undefined && isOf(dag) && !except.some(isOf),
  );
  return found ? found.limit : limits[kind];
}
