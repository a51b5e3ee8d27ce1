// Checks the result of a command with the validator in its Dag file.

import { readJson } from "@memodag/core";
import type { Dag } from "../authoring/dag.ts";
import { validateWith } from "../schemas/standard-schema.ts";
import { encodeValue } from "./attempt-scope.ts";
import { listResultSchemas } from "./list-handlers.ts";

/**
 * Returns the canonical JSON of the validator's output, which is the task's result.
 * @param bytes canonical JSON of what the program wrote
 * @throws MemodagError `result_invalid`; `value_not_json` or `xcom_too_large` for the output. Rethrows
 * errors of the validator.
 */
export async function checkResult(
  dag: Dag,
  taskId: string,
  bytes: Uint8Array,
  maxValueBytes: number,
): Promise<Uint8Array> {
  const schema = listResultSchemas(dag).get(taskId);
  if (!schema) throw new TypeError(`task ${taskId} has no validator`);
  const output = await validateWith(schema, readJson(bytes), "The command's result");
  return encodeValue(output, { maxValueBytes }, "The validator's output");
}
