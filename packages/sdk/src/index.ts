export type { Argument, ArgumentsFor, JsonArgument, Mapped, MappedFor } from "./authoring/arguments.ts";
export type { CaseValue, DeciderCall, ElseBranch, IfBranch, SwitchBranch } from "./authoring/branch.ts";
export type { CacheConfig } from "./authoring/cache-config.ts";
export type {
  CommandInput,
  CommandInputs,
  CommandOutputs,
  SavedResult,
  SavesEntries,
} from "./authoring/command-entries.ts";
export {
  context,
  DATA_INTERVAL,
  env,
  INPUTS,
  KEY,
  LOGICAL_DATE,
  MAP_INDEX,
  PARAMS,
  RUN_ID,
  SOURCE,
  version,
  type CachePolicy,
} from "./authoring/cache-policy.ts";
export type { CacheSettings, LockSettings } from "./authoring/cache-settings.ts";
export type { CheckedCommandOptions, CommandArguments, CommandOptions } from "./authoring/command-options.ts";
export { Bundle } from "./authoring/bundle.ts";
export { Dag, type ParamsOf } from "./authoring/dag.ts";
export type { DagOptions } from "./authoring/dag-options.ts";
export type { GraphNode, GraphNodes } from "./authoring/graph-node.ts";
export type { Handler, NoArguments, ResultOf } from "./authoring/handler.ts";
export {
  approval,
  hitl,
  type ApprovalSpec,
  type HITLParam,
  type HITLResult,
  type HITLSpec,
  type HITLTask,
  type HITLTaskOptions,
  type HITLText,
  type HITLUser,
} from "./authoring/hitl.ts";
export type { KeyContext, KeyFunction, KeyFunctionOptions, KeyOption } from "./authoring/key-function.ts";
export { TaskGroup, Transaction } from "./authoring/task-group.ts";
export type { TransactionCacheConfig, TransactionOptions } from "./authoring/transaction-options.ts";
export { param } from "./authoring/param.ts";
export type { Param, ParamDeclarations, ParamOptions } from "./schemas/param-types.ts";
export type { ResultSchema, StandardSchema } from "./schemas/standard-schema.ts";
export { every } from "./authoring/schedule.ts";
export type { PartialTask, TaskFactory } from "./authoring/task-factory.ts";
export type { FoundBy, Poke, PokeAnswer, SensorFactory } from "./authoring/poke.ts";
export type { TriggerDagRunOptions, WaitForDagRunOptions } from "./authoring/run-step-options.ts";
export type { NamedSensorOptions, SensorOptions } from "./authoring/sensor-options.ts";
export type {
  DagTaskDefaults,
  NamedTaskOptions,
  TaskDefaults,
  TaskOptions,
} from "./authoring/task-options.ts";
export { TaskRef } from "./authoring/task-ref.ts";
export {
  triggerDagRun,
  type TriggerDagRunSpec,
  type TriggerDagRunTask,
  type TriggerFactory,
  type TriggerTaskOptions,
} from "./authoring/trigger-dag-run.ts";
export {
  MemodagError,
  type EntryRef,
  type JsonObject,
  type JsonSchema,
  type JsonValue,
  type TransactionMember,
  type TransactionReport,
} from "@memodag/core";
export type {
  CallbackContext,
  ReportedTaskInstance,
  TaskCallback,
  TaskCallbacks,
  TransactionCallbacks,
  TransactionContext,
} from "./context/callback-context.ts";
export { getContext } from "./context/current-context.ts";
export type { EntryValue, JobCache, SaveOptions } from "./context/job-cache.ts";
export { getCache } from "./context/named-cache.ts";
export { getClient, type TaskClient, type XComPush } from "./context/task-client.ts";
export { getValueCache, type ValueCacheUse } from "./context/value-cache.ts";
export type { TaskValueCache } from "./context/task-value-caches.ts";
export { FailTask, SkipTask } from "./context/task-end.ts";
export type { TaskCache } from "./context/task-cache.ts";
export type { TaskContext, TaskXComs, XComRequest } from "./context/task-context.ts";
