// Shows the latest request of a task to a person, and its answer.

import {
  instanceName,
  MemodagError,
  secretTest,
  UNMAPPED,
  type HumanRequest,
  type HumanUser,
  type JsonObject,
} from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { isoTime } from "../iso-time.ts";
import { getRun } from "../runs/find-run.ts";
import { getInstance } from "../tasks/find-instance.ts";
import type { InstanceName } from "../tasks/instance-name.ts";
import { hideFields, hideRequest } from "./hide-request.ts";

/** An answer. */
export interface AnswerReport {
  readonly chosenOptions: readonly string[];
  readonly paramsInput: JsonObject;
  /** `null`: time ran out. */
  readonly respondedBy: HumanUser | null;
  readonly respondedAt: string;
}

/** A request, open or answered. */
export interface ShownApproval {
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly digest: string;
  readonly request: HumanRequest;
  /** `null`: not answered. */
  readonly answer: AnswerReport | null;
}

/**
 * The latest request of a task instance.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`, `task_not_found`;
 * `approval_not_open` for a task that has not asked
 */
export async function showApproval(
  { stores, settings }: OperationContext,
  { taskId, mapIndex, ...name }: InstanceName,
): Promise<ShownApproval> {
  const run = await getRun(stores, name);
  const { dagId, runId } = run;
  const instance = await getInstance(stores.runs, run, taskId, mapIndex);
  const found = await stores.humans.findRequest(run.id, instance);
  if (!found) throw notOpen(runId, taskId, mapIndex ?? UNMAPPED, "has not asked anyone");
  const { request, digest, response } = found;
  const isSecret = secretTest(settings.secretPatterns);
  const answer = response && {
    chosenOptions: response.chosen,
    paramsInput: hideFields(request, response.params, isSecret),
    respondedBy: response.user,
    respondedAt: isoTime(response.at),
  };
  return {
    dagId,
    runId,
    taskId,
    mapIndex: instance.mapIndex,
    digest,
    request: hideRequest(request, isSecret),
    answer,
  };
}

/** An error about a task that does not wait for an answer. */
export function notOpen(runId: string, taskId: string, mapIndex: number, why: string): MemodagError {
  return new MemodagError(
    "approval_not_open",
    `${instanceName(taskId, mapIndex)} of run ${runId} ${why}: \`memodag approvals ls\` lists what waits for an answer`,
    { fields: { runId, taskId, mapIndex } },
  );
}
