// Whether what is said about a run fits what its Dag says of params and conf. By JSON schema alone: code of
// a Dag file does not run here.

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

/** What is said about a run. */
export interface RunWishes {
  readonly conf: JsonObject;
  /** Laid over the Dag's defaults. */
  readonly params: JsonObject;
  /** Which names are secrets: errors do not show their values. By default those that look like secrets. */
  readonly isSecret?: SecretTest;
}

const looksSecret = secretTest(DEFAULT_SECRET_PATTERNS);

/**
 * The params of a run: the Dag's defaults with what is said laid over them.
 * @throws MemodagError `conf_invalid` for a param that the Dag does not declare, one that is missing, and
 *   what does not fit its schema.
 */
export async function checkRequest(
  dag: SerializedDag,
  { conf, params, isSecret = looksSecret }: RunWishes,
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
  // It brings ajv along, which most Dags do without.
  const { findMisfit } = await import("@memodag/params");
  const misfit = findMisfit(schema, value, isSecret);
  if (misfit === undefined) return;
  const { where, expected, found } = misfit;
  const hint =
    typeof value !== "string" && expected === "must be string"
      ? `, in quotes to be a string${misfit.isSecret ? "" : `: '"${found}"'`}`
      : "";
  throw confInvalid(dag, `${name}${where} ${expected}, found ${found}: give one that fits${hint}`);
}

function confInvalid({ dagId }: SerializedDag, message: string): MemodagError {
  return new MemodagError("conf_invalid", `Dag "${dagId}": ${message}`, { fields: { dagId } });
}
