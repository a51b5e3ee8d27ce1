// Schemas of the operations that explain hits and misses.

import * as z from "zod";
import type { Cause } from "../explain/causes.ts";
import type { ExplainedRun, ExplainedTask } from "../explain/explain-task.ts";
import type { ExplanationReason } from "../explain/explanation.ts";
import { changes } from "./cache-schemas.ts";
import {
  cacheStatus,
  count,
  everyOf,
  jsonObject,
  mapIndex,
  name,
  producer,
  reasonCode,
  text,
} from "./values.ts";

const explanationReason = everyOf<ExplanationReason>()([
  "hit",
  "disabled",
  "uncacheable",
  "edition_changed",
  "source_changed",
  "package_changed",
  "runtime_changed",
  "input_changed",
  "file_changed",
  "entry_changed",
  "context_changed",
  "env_changed",
  "key_changed",
  "share_changed",
  "version_changed",
  "expired",
  "from_future",
  "result_missing",
  "integrity_failed",
  "expired_for_run",
  "run_errors_off",
  "unsigned",
  "signer_unknown",
  "signature_invalid",
  "lookup_timeout",
  "lookup_failure",
  "refresh",
  "recheck",
  "first_run",
  "purged",
]);
const why = {
  status: cacheStatus.nullable(),
  reason: explanationReason.nullable(),
  changes,
  detail: text.nullable(),
};
const cause: z.ZodType<Cause> = z.strictObject({ taskId: name, mapIndex, ...why });
export const explainedTask: z.ZodType<ExplainedTask> = z.strictObject({
  ...why,
  key: text.nullable(),
  comparedWith: text.nullable(),
  cacheReasonCode: reasonCode.nullable(),
  cacheReasonDetail: jsonObject.nullable(),
  comparedRunId: name.nullable(),
  producer: producer.nullable(),
  cause: z.exactOptional(cause),
  storage: z.exactOptional(
    z.strictObject({ keyStorage: z.exactOptional(text), resultStorage: z.exactOptional(text) }),
  ),
  verdict: text,
  advice: text.nullable(),
  vouchedFor: z.exactOptional(z.array(text)),
  isolation: z.exactOptional(z.array(text)),
});
export const explainedRun: z.ZodType<ExplainedRun> = z.strictObject({
  dagId: name,
  runId: name,
  groups: z.array(
    z.strictObject({
      taskId: name,
      ...why,
      count,
      tasks: z.array(z.strictObject({ taskId: name, count })),
    }),
  ),
});
