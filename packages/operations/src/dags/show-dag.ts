// Shows a Dag with its tasks, without the values of secrets.

import {
  hideSecretParams,
  hideSecretsOfSchema,
  secretTest,
  type JsonObject,
  type JsonSchema,
  type SecretTest,
  type SerializedBranch,
  type SerializedCacheConfig,
  type SerializedDag,
  type SerializedTask,
  type SerializedTransaction,
  type TriggerRule,
} from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { isoTime } from "../iso-time.ts";
import { getDag, type DagName } from "./find-dag.ts";
import { listScheduledDags } from "./next-run.ts";

/** A task of a Dag. */
export interface DagTaskReport {
  readonly taskId: string;
  readonly upstream: readonly string[];
  /** Names of the arguments over which it is mapped. */
  readonly expand: readonly string[];
  readonly branch: SerializedBranch | null;
  readonly triggerRule: TriggerRule;
  readonly retries: number;
  readonly cache: SerializedCacheConfig | null;
  readonly sourceHash: string;
  /** True for a step of the scheduler, which runs no code of the author. */
  readonly isRunStep: boolean;
  /** Set if one process runs many attempts of it. Absent: each has its own. */
  readonly reuse?: true;
}

/** A Dag with its tasks. */
export interface DagReport {
  readonly dagId: string;
  readonly team: string;
  readonly bundle: string;
  readonly path: string;
  readonly version: string;
  readonly description: string | null;
  readonly schedule: string | null;
  readonly timezone: string;
  readonly startDate?: string;
  readonly endDate?: string;
  readonly isPaused: boolean;
  /** ISO 8601. */
  readonly nextRunAt: string | null;
  readonly catchup: boolean;
  readonly maxActiveRuns: number;
  /** False if the Dag disables caching for all of its tasks. */
  readonly cache: boolean;
  readonly params: JsonObject;
  readonly paramSchemas?: Readonly<Record<string, JsonSchema>>;
  readonly confSchema?: JsonSchema;
  readonly tags: readonly string[];
  readonly tasks: readonly DagTaskReport[];
  /** Absent: none. */
  readonly transactions?: readonly SerializedTransaction[];
  /** Warnings from the last time its file was read. */
  readonly warnings: readonly string[];
}

/**
 * The latest version of a Dag.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`.
 */
export async function showDag({ stores, settings }: OperationContext, name: DagName): Promise<DagReport> {
  const { dags } = stores;
  const version = await getDag(dags, name);
  const { team, file } = version;
  const [scheduled] = await listScheduledDags(stores, version);
  const files = await dags.listDagFiles(file.bundle);
  const read = files.find(({ path }) => path === file.path);
  const { dag } = version;
  return {
    dagId: dag.dagId,
    team,
    bundle: file.bundle,
    path: file.path,
    version: version.digest,
    description: dag.description,
    schedule: dag.schedule,
    timezone: dag.timezone,
    ...(dag.startDate !== undefined && { startDate: dag.startDate }),
    ...(dag.endDate !== undefined && { endDate: dag.endDate }),
    isPaused: scheduled?.isPaused === true,
    nextRunAt: isoTime(scheduled?.nextRun ?? null),
    catchup: dag.catchup,
    maxActiveRuns: dag.maxActiveRuns,
    cache: dag.cache,
    ...withoutSecrets(dag, secretTest(settings.secretPatterns)),
    tags: dag.tags,
    tasks: dag.tasks.map(reportTask),
    ...(dag.transactions && { transactions: dag.transactions }),
    warnings: read?.warnings ?? [],
  };
}

/** Default params are stored as they are, and may not be shown to everyone. */
function withoutSecrets(
  { params, paramSchemas, confSchema }: SerializedDag,
  isSecret: SecretTest,
): Pick<DagReport, "params" | "paramSchemas" | "confSchema"> {
  const schemas = Object.entries(paramSchemas ?? {}).map(([name, schema]): [string, JsonSchema] => [
    name,
    hideSecretsOfSchema(name, schema, isSecret),
  ]);
  return {
    params: hideSecretParams(params, paramSchemas ?? {}, isSecret),
    ...(paramSchemas && { paramSchemas: Object.fromEntries(schemas) }),
    ...(confSchema !== undefined && { confSchema: hideSecretsOfSchema("conf", confSchema, isSecret) }),
  };
}

function reportTask(task: SerializedTask): DagTaskReport {
  const { taskId, upstream, expand, branch, triggerRule, retries, cache, sourceHash, runStep, reuse } = task;
  const mappedOver = expand.map(([name]) => name);
  const facts = { taskId, upstream, expand: mappedOver, branch: branch ?? null };
  const isRunStep = runStep !== undefined;
  return { ...facts, triggerRule, retries, cache, sourceHash, isRunStep, ...(reuse && { reuse }) };
}
