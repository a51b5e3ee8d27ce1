// Describes a run without its instances: what it was asked to do, what it came to, and the tasks of its version.

import {
  HIDDEN,
  hideSecretParams,
  hideSecrets,
  MemodagError,
  secretTest,
  secretTestOf,
  type CacheMode,
  type JsonObject,
  type RunCacheLimits,
  type RunSums,
  type SerializedDag,
} from "@memodag/core";
import { listInterruptedRuns } from "@memodag/scheduler";
import type { OperationContext } from "../context.ts";
import { getRun, type RunName } from "./find-run.ts";
import { summarizeRun, type RunSummaryReport } from "./list-runs.ts";

/** A task of the version that a run is of. */
export interface OutlinedTask {
  readonly taskId: string;
  /** The tasks that it waits for. */
  readonly upstream: readonly string[];
  readonly isMapped: boolean;
}

/** A run without its instances. Its sums are those of now, also before its end. */
export interface RunOutline extends Omit<RunSummaryReport, keyof RunSums>, RunSums {
  readonly cacheMode: CacheMode;
  /** Which hits it takes; `null`: what its tasks say. */
  readonly cacheLimits: RunCacheLimits | null;
  /** Without what is secret, as `conf`. */
  readonly params: JsonObject;
  readonly conf: JsonObject;
  readonly bytesMoved: number;
  /** Digest of the Dag's version; `null`: it cannot be read. */
  readonly version: string | null;
  /** Why no scheduler can load it. */
  readonly fault?: string;
  /** The run of the Dag that was made before it; `null`: none that is kept. */
  readonly previousRunId: string | null;
  /** In the order of the Dag. */
  readonly tasks: readonly OutlinedTask[];
}

/**
 * Describes a run.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`.
 */
export async function outlineRun(context: OperationContext, name: RunName): Promise<RunOutline> {
  const { stores, settings } = context;
  const run = await getRun(stores, name);
  const { team, dagId, id } = run;
  const [interrupted, summed, [previous], version] = await Promise.all([
    listInterruptedRuns(stores.runs, { team, dagId }),
    stores.views.sumUp(team, [id]),
    stores.runs.listRuns({ team, dagId, limit: 1, after: id }),
    stores.dags.getDagVersion(run.dagVersionId).catch(unreadable),
  ]);
  const sums = summed.get(id)?.run ?? { hits: 0, ran: 0, failed: 0, savedMs: 0, workedMs: 0 };
  const isInterrupted = interrupted.some((other) => other.id === id);
  return {
    ...summarizeRun(run, isInterrupted),
    ...sums,
    cacheMode: run.cacheMode,
    cacheLimits: run.cacheLimits ?? null,
    ...withoutSecrets(run, version?.dag, settings.secretPatterns),
    bytesMoved: run.bytesMoved,
    version: version?.digest ?? null,
    ...(run.fault !== undefined && { fault: run.fault }),
    previousRunId: previous?.runId ?? null,
    tasks: (version?.dag.tasks ?? []).map(({ taskId, upstream, expand }) => ({
      taskId,
      upstream,
      isMapped: expand.length > 0,
    })),
  };
}

function withoutSecrets(
  { params, conf }: { readonly params: JsonObject; readonly conf: JsonObject },
  dag: SerializedDag | undefined,
  patterns: readonly string[],
): Pick<RunOutline, "params" | "conf"> {
  const isSecret = secretTest(patterns);
  // Without the Dag, nothing says which of them are secrets.
  if (!dag) return { params: allHidden(params), conf: allHidden(conf) };
  return {
    params: hideSecretParams(params, dag.paramSchemas ?? {}, isSecret),
    conf: hideSecrets(conf, secretTestOf("conf", dag.confSchema ?? true, isSecret)),
  };
}

function allHidden(values: JsonObject): JsonObject {
  return Object.fromEntries(Object.keys(values).map((name) => [name, HIDDEN]));
}

/** A version that this program cannot read: the rest is shown without it. */
function unreadable(error: unknown): undefined {
  const isOther = error instanceof MemodagError && error.code === "database_newer";
  if (isOther || error instanceof SyntaxError) return undefined;
  throw error;
}
