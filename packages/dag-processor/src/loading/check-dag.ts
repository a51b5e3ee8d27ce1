// Validates the parts of a Dag that require a library: its schedule, and the schemas of its params. This
// happens when the Dag is read, so that workers need not load these libraries.

import {
  secretTestOf,
  type JsonSchema,
  type JsonValue,
  type SecretTest,
  type SerializedDag,
  type SerializedTask,
} from "@memodag/core";
import { dagInvalid } from "@memodag/sdk/runtime";

/**
 * Checks a Dag's schedule, its schemas, and that the defaults of a run match them.
 * @param isSecret names whose values are redacted in errors
 * @throws MemodagError `dag_invalid` naming the fault
 */
export async function checkDag(dag: SerializedDag, isSecret: SecretTest): Promise<void> {
  await checkSchedule(dag);
  for (const { taskId, hitl } of dag.tasks) await checkForm(dag, taskId, hitl?.params ?? {}, isSecret);
  await checkExpiries(dag);
  for (const [name, schema] of Object.entries(dag.paramSchemas ?? {})) {
    const option = `params.${name}`;
    await checkSchema(dag, option, schema);
    if (Object.hasOwn(dag.params, name)) {
      const isHidden = secretTestOf(name, schema, isSecret);
      await checkDefault(dag, `the default of ${option}`, schema, dag.params[name] ?? null, isHidden);
    } else if (dag.schedule !== null) {
      throw dagInvalid(dag, {
        problem: `${option} has no default, which scheduled runs need`,
        fix: "add a default, or remove the schedule",
      });
    }
  }
  if (dag.confSchema === undefined) return;
  const { confSchema } = dag;
  await checkSchema(dag, "confSchema", confSchema);
  if (dag.schedule === null) return;
  const isHidden = secretTestOf("conf", confSchema, isSecret);
  await checkDefault(dag, "the empty conf of scheduled runs", confSchema, {}, isHidden);
}

/** The form that goes with a request of a task to a person. */
async function checkForm(
  dag: SerializedDag,
  taskId: string,
  params: NonNullable<SerializedTask["hitl"]>["params"],
  isSecret: SecretTest,
): Promise<void> {
  for (const [name, { value, schema }] of Object.entries(params)) {
    const field = `field "${name}" of task "${taskId}"`;
    await checkSchema(dag, field, schema);
    await checkDefault(dag, `the value of ${field}`, schema, value, secretTestOf(name, schema, isSecret));
  }
}

async function checkSchedule(dag: SerializedDag): Promise<void> {
  // Most Dags have none, and need not wait for croner.
  if (dag.schedule === null && dag.timezone === "UTC" && dag.endDate === undefined) return;
  const { findScheduleFault } = await import("@memodag/timetable");
  const fault = findScheduleFault(dag);
  if (fault) throw dagInvalid(dag, { problem: `${fault.option} ${fault.problem}`, fix: fault.fix });
}

async function checkExpiries({ dagId, timezone, tasks, transactions = [] }: SerializedDag): Promise<void> {
  const places = [
    ...tasks.map(({ taskId, cache }) => ({ place: { taskId }, expires: cache?.expires })),
    ...transactions.map(({ transactionId: groupId, cache }) => ({
      place: { groupId },
      expires: cache?.expires,
    })),
  ];
  for (const { place, expires } of places) {
    if (!expires || !("schedule" in expires)) continue;
    const { findScheduleFault } = await import("@memodag/timetable");
    const { schedule } = expires;
    const fault = findScheduleFault({ schedule, timezone });
    const problem = fault?.problem ?? (schedule === "@once" ? "is @once, which has no next date" : undefined);
    if (problem === undefined) continue;
    const fix = `${fault?.fix ?? "use a schedule"}, or a duration such as "1h"`;
    throw dagInvalid({ dagId, ...place }, { problem: `cache.expires ${problem}`, fix });
  }
}

async function checkSchema(dag: SerializedDag, name: string, schema: JsonSchema): Promise<void> {
  const { findSchemaFault } = await import("@memodag/params");
  const fault = findSchemaFault(schema);
  if (fault === undefined) return;
  throw dagInvalid(dag, {
    problem: `${name} has a schema that is not a JSON schema of draft 2020-12: ${fault}`,
    fix: "correct the schema",
  });
}

async function checkDefault(
  dag: SerializedDag,
  name: string,
  schema: JsonSchema,
  value: JsonValue,
  isSecret: SecretTest,
): Promise<void> {
  const { findMisfit } = await import("@memodag/params");
  const misfit = findMisfit(schema, value, isSecret);
  if (misfit === undefined) return;
  const { where, expected, found } = misfit;
  throw dagInvalid(dag, {
    problem: `${name}${where} ${expected} and is ${found}`,
    fix: "change it, or the schema",
  });
}
