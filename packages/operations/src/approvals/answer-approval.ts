// Answers a request of a task.

import { instanceName, MemodagError, secretTest, type HumanUser, type JsonObject } from "@memodag/core";
import { checkAnswer } from "@memodag/scheduler";
import { newAct } from "../act.ts";
import type { OperationContext } from "../context.ts";
import { getRun } from "../runs/find-run.ts";
import { getInstance } from "../tasks/find-instance.ts";
import type { InstanceName } from "../tasks/instance-name.ts";
import { hideFields } from "./hide-request.ts";
import { notOpen } from "./show-approval.ts";

/** An answer, and the task that it is for. */
export interface AnswerInput extends InstanceName {
  readonly options: readonly string[];
  /** Fields of the form. Those left out keep their values. */
  readonly params?: JsonObject | undefined;
  /** Digest, or its beginning, of what the person was shown. Default: whatever is shown now. */
  readonly digest?: string | undefined;
}

/** An accepted answer. */
export interface GivenAnswer {
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly digest: string;
  readonly chosenOptions: readonly string[];
  readonly paramsInput: JsonObject;
  readonly respondedBy: HumanUser;
}

/**
 * Answers a request. Of several answers, one is accepted.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`, `task_not_found`;
 * `approval_not_open`; `approval_invalid` for an answer that the request does not allow; `approval_changed`
 * if something else is shown now; `approval_answered` naming who answered before
 */
export async function answerApproval(
  { stores, actor, settings }: OperationContext,
  { taskId, mapIndex: index, options, params = {}, digest: shown, ...name }: AnswerInput,
): Promise<GivenAnswer> {
  const run = await getRun(stores, name);
  const { team, dagId, runId } = run;
  const { mapIndex } = await getInstance(stores.runs, run, taskId, index);
  const id = { taskId, mapIndex };
  const found = await stores.humans.findRequest(run.id, id);
  if (!found) throw notOpen(runId, taskId, mapIndex, "does not wait for an answer");
  const { request, digest } = found;
  if (shown !== undefined && !digest.startsWith(shown)) throw changed(id);
  const proposed = { options, params, by: actor.name };
  const isSecret = secretTest(settings.secretPatterns);
  const checked = await checkAnswer(request, proposed, isSecret);
  const { chosen, user } = checked;
  const paramsInput = hideFields(request, checked.params, isSecret);
  const act = newAct(actor, "approvals.answer", team, { dagId, runId, ...id, digest, chosen });
  const answer = { team, dagRunId: run.id, ...id, digest, ...checked };
  const outcome = await stores.humans.answerRequest(answer, act);
  switch (outcome.kind) {
    case "accepted":
      return { dagId, runId, ...id, digest, chosenOptions: chosen, paramsInput, respondedBy: user };
    case "answered":
      throw answered(id, outcome.response.chosen, outcome.response.user);
    case "changed":
      throw changed(id);
    case "closed":
      throw notOpen(runId, taskId, mapIndex, "does not wait for an answer now");
  }
}

type Id = { readonly taskId: string; readonly mapIndex: number };

function answered({ taskId, mapIndex }: Id, chosen: readonly string[], user: HumanUser | null): MemodagError {
  const who = user === null ? "its defaults were chosen when time ran out" : `${user.name} was first`;
  return new MemodagError(
    "approval_answered",
    `${instanceName(taskId, mapIndex)} is answered already: ${who}, with ${chosen.join(", ") || "nothing"}; ` +
      "clear the task with `memodag tasks clear` to ask again",
    { fields: { taskId, mapIndex, respondedBy: user?.id ?? null, chosen } },
  );
}

function changed({ taskId, mapIndex }: Id): MemodagError {
  return new MemodagError(
    "approval_changed",
    `${instanceName(taskId, mapIndex)} shows something else now than what the answer is for: ` +
      "read it again with `memodag approvals show`",
    { fields: { taskId, mapIndex } },
  );
}
