// Checks a run's params and conf against its Dag. Uses the JSON schemas alone: code of a Dag file does not
// run here.

import {
  DEFAULT_SECRET_PATTERNS,
  MemodagError,
  secretTest,
  secretTestOf,
  type JsonObject,
  type JsonSchema,
  type JsonValue,
  type SecretTest,
  type SerializedDag,
} from "@memodag/core";

/** The params and conf of a run to be created. */
export interface RunInputs {
  readonly conf: JsonObject;
  /** Override the Dag's defaults. */
  readonly params: JsonObject;
  /** Which names are secrets, whose values errors do not show; by default, names that look like secrets. */
  readonly isSecret?: SecretTest;
}

const looksSecret = secretTest(DEFAULT_SECRET_PATTERNS);

/**
 * The params of a run: the Dag's defaults, overridden by the request.
 * @throws MemodagError `conf_invalid` for an undeclared param, a missing one, and a value that does not match
 * its schema.
 */
export async function checkRequest(
  dag: SerializedDag,
  { conf, params, isSecret = looksSecret }: RunInputs,
): Promise<JsonObject> {
  const schemas = dag.paramSchemas ?? {};
  refuseUnknown(dag, params);
  const merged = { ...dag.params, ...params };
  const missing = Object.keys(schemas).find((name) => !Object.hasOwn(merged, name));
  if (missing !== undefined) {
    throw confInvalid(dag, `param "${missing}" has no default: give it one with --param ${missing}=…`);
  }
  // Defaults were checked when the Dag was read.
  for (const [name, value] of Object.entries(params)) {
    const schema = Object.hasOwn(schemas, name) ? schemas[name] : undefined;
    if (schema === undefined) continue;
    await refuseMisfit(dag, `param "${name}"`, schema, value, secretTestOf(name, schema, isSecret));
  }
  const { confSchema } = dag;
  if (confSchema !== undefined) {
    await refuseMisfit(dag, "conf", confSchema, conf, secretTestOf("conf", confSchema, isSecret));
  }
  return merged;
}

function refuseUnknown(dag: SerializedDag, params: JsonObject): void {
  const declared = [...new Set([...Object.keys(dag.params), ...Object.keys(dag.paramSchemas ?? {})])];
  const unknown = Object.keys(params).filter((name) => !declared.includes(name));
  if (unknown.length === 0) return;
  throw new MemodagError(
    "conf_invalid",
    `Dag "${dag.dagId}" has no param ${unknown.map((name) => `"${name}"`).join(", ")}: ` +
      (declared.length > 0
        ? `its params are ${declared.join(", ")}`
        : "declare it in the Dag's params first"),
    { fields: { dagId: dag.dagId, unknown } },
  );
}

async function refuseMisfit(
  dag: SerializedDag,
  name: string,
  schema: JsonSchema,
  value: JsonValue,
  isSecret: SecretTest,
): Promise<void> {
  // Loads ajv, which most Dags do not need.
  const { findMisfit } = await import("@memodag/params");
  const misfit = findMisfit(schema, value, isSecret);
  if (misfit === undefined) return;
  const { where, expected, found } = misfit;
  const hint =
    typeof value !== "string" && expected === "must be string"
      ? `, in quotes to be a string${misfit.isSecret ? "" : `: '"${found}"'`}`
      : "";
  throw confInvalid(dag, `${name}${where} ${expected}, found ${found}: use a valid value${hint}`);
}

function confInvalid({ dagId }: SerializedDag, message: string): MemodagError {
  return new MemodagError("conf_invalid", `Dag "${dagId}": ${message}`, { fields: { dagId } });
}
