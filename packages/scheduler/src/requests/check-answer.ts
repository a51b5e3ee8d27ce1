// Checks the form of an answer to a request of a task.

import {
  MemodagError,
  presetParams,
  secretTestOf,
  type HumanRequest,
  type JsonObject,
  type SecretTest,
} from "@memodag/core";

/**
 * Returns all fields of a form: those given, and the values of those that were left as they are.
 * @param isSecret names whose values errors do not show
 * @throws MemodagError `approval_invalid` for an unknown field, and for a value that does not match
 */
export async function checkAnswer(
  request: HumanRequest,
  given: JsonObject,
  isSecret: SecretTest,
): Promise<JsonObject> {
  const names = Object.keys(request.params);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const known = names.length === 0 ? "the form has none" : `its fields are ${names.join(", ")}`;
    throw new MemodagError("approval_invalid", `There is no field "${unknown}": ${known}`);
  }
  const filled: JsonObject = { ...presetParams(request), ...given };
  if (names.length === 0) return filled;
  // Loads ajv, which most answers do not need.
  const { findMisfit } = await import("@memodag/params");
  for (const [name, { schema }] of Object.entries(request.params)) {
    const misfit = findMisfit(schema, filled[name] ?? null, secretTestOf(name, schema, isSecret));
    if (!misfit) continue;
    throw new MemodagError(
      "approval_invalid",
      `Field "${name}"${misfit.where} ${misfit.expected}, found ${misfit.found}: use a valid value`,
    );
  }
  return filled;
}
