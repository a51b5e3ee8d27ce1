// Runs a task that waits for an answer: shows its request once, and looks at the answer whenever it is
// started again.

import {
  canonicalJson,
  formatDuration,
  MemodagError,
  type AttemptSensor,
  type ErrorCode,
  type HumanQuestion,
  type HumanRequest,
  type HumanResponse,
  type JsonObject,
} from "@memodag/core";
import type { Dag } from "../authoring/dag.ts";
import type { HITLResult, HitlSettings } from "../authoring/hitl.ts";
import { REJECT } from "../authoring/hitl-options.ts";
import type { AttemptScope } from "./attempt-scope.ts";
import { getState } from "./list-handlers.ts";
import { openTask, type SensorOutcome } from "./run-handler.ts";

/** Milliseconds until the database is asked again, if it did not answer. */
const OUTAGE_REST_MS = 5_000;

const OUTAGES: ReadonlySet<ErrorCode> = new Set([
  "database_failed",
  "database_unreachable",
  "database_read_only",
]);

/** Thrown while the requests cannot be read or written. */
class Outage extends Error {}

/** The answer to a question about a request. */
interface Shown {
  readonly response: HumanResponse | null;
}

/**
 * Runs one attempt. `rescheduled`: there is no answer yet, or it cannot be read now. An outage does not fail
 * the task: the person who has answered would have to answer again.
 * @throws MemodagError `approval_timeout`, `approval_rejected`; `hitl_text_invalid` for a subject or
 * body that is not a string. Rethrows errors of the author's functions.
 */
export async function runHitl(
  dag: Dag,
  taskId: string,
  args: JsonObject,
  scope: AttemptScope,
  sensor: AttemptSensor,
): Promise<SensorOutcome> {
  try {
    return await lookForAnswer(dag, taskId, args, scope, sensor);
  } catch (error) {
    if (error instanceof Outage) return { kind: "rescheduled", afterMs: OUTAGE_REST_MS };
    throw error;
  }
}

async function lookForAnswer(
  dag: Dag,
  taskId: string,
  args: JsonObject,
  scope: AttemptScope,
  sensor: AttemptSensor,
): Promise<SensorOutcome> {
  const settings = getState(dag).tasks.get(taskId)?.hitl;
  if (!settings) throw new TypeError(`task ${taskId} does not wait for an answer`);
  const { timeoutMs, defaults, onReject } = settings;
  const { run, succeed } = openTask(scope);
  // A request is computed once for each try: what is answered is what was shown.
  const shown =
    (await ask(scope, { act: "find" })) ??
    (await ask(scope, { act: "open", text: await run(() => makeRequest(settings, args)), timeoutMs }));
  let response = shown?.response ?? null;
  if (response === null && sensor.waitedMs >= sensor.timeoutMs) {
    if (defaults === null) throw timedOut(sensor.timeoutMs);
    response = (await ask(scope, { act: "expire" }))?.response ?? null;
  }
  if (response === null) {
    const leftMs = Math.max(0, sensor.timeoutMs - sensor.waitedMs);
    return { kind: "rescheduled", afterMs: Math.min(sensor.pokeIntervalMs, leftMs) };
  }
  if (onReject === "fail" && response.chosen.includes(REJECT)) throw rejected(response);
  return succeed(resultOf(response));
}

async function ask(scope: AttemptScope, question: HumanQuestion): Promise<Shown | undefined> {
  if (!scope.askHuman) {
    throw new MemodagError("context_unavailable", "A task that waits for an answer cannot run here");
  }
  const bytes = await scope.askHuman(question).catch((error: unknown) => {
    if (error instanceof MemodagError && OUTAGES.has(error.code)) throw new Outage();
    throw error;
  });
  return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as Shown);
}

async function makeRequest(settings: HitlSettings, args: JsonObject): Promise<string> {
  const { subject, body, options, multiple, defaults, params, assignedUsers } = settings;
  const request: HumanRequest = {
    subject: await textOf("subject", subject, args),
    body: body === null ? null : await bodyOf(body, args),
    options,
    multiple,
    defaults,
    params,
    assignedUsers,
  };
  return canonicalJson(request);
}

async function bodyOf(body: HitlSettings["subject"], args: JsonObject): Promise<string | null> {
  if (typeof body === "string") return body;
  const text: unknown = await body(structuredClone(args));
  return text === null || text === "" ? null : requireText("body", text);
}

async function textOf(name: string, text: HitlSettings["subject"], args: JsonObject): Promise<string> {
  return requireText(name, typeof text === "string" ? text : await text(structuredClone(args)));
}

function requireText(name: string, text: unknown): string {
  if (typeof text === "string" && text !== "") return text;
  const found = text === "" ? "an empty string" : text === null ? "null" : `a value of type ${typeof text}`;
  throw new MemodagError(
    "hitl_text_invalid",
    `The function ${name} returned ${found}: return a non-empty string`,
  );
}

function resultOf({ chosen, params, user, at }: HumanResponse): HITLResult {
  return {
    chosen_options: [...chosen],
    params_input: { ...params },
    responded_at: new Date(at).toISOString(),
    responded_by_user: user,
    timedout: user === null,
  };
}

function timedOut(timeoutMs: number): MemodagError {
  return new MemodagError(
    "approval_timeout",
    `No one answered within ${formatDuration(timeoutMs)}: ` +
      "raise responseTimeout, or set defaults to choose when time runs out",
    { fields: { timeoutMs } },
  );
}

function rejected({ user }: HumanResponse): MemodagError {
  const who = user === null ? "when time ran out" : `by ${user.name}`;
  return new MemodagError(
    "approval_rejected",
    `It was rejected ${who}: clear the task with \`memodag tasks clear\` to ask again`,
  );
}
