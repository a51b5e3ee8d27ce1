// Adds the ids of spans to messages of the log that are about runs.

import { DEFAULT_TEAM, type LogFields, type Logger } from "@memodag/core";
import type { RunTracer } from "./run-tracer.ts";

/**
 * Returns a logger whose messages with a `dagId` and a `runId` have `trace_id` and `span_id`, if the run is traced: those
 * of the attempt if there are also a `taskId` and a `tryNumber`, or else those of the run.
 * @param hasTeams true if Dags belong to teams: then a message has to name its own
 */
export function correlateLog(
  log: Logger,
  tracer: Pick<RunTracer, "findSpan">,
  { hasTeams }: { readonly hasTeams: boolean },
): Logger {
  const at =
    (level: keyof Logger) =>
    (message: string, fields?: LogFields): void =>
      log[level](message, fields && { ...fields, ...idsOf(fields) });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };

  function idsOf(fields: LogFields): LogFields {
    const { team = hasTeams ? undefined : DEFAULT_TEAM, dagId, runId } = fields;
    if (typeof team !== "string" || typeof dagId !== "string" || typeof runId !== "string") return {};
    const { taskId, mapIndex = -1, tryNumber } = fields;
    const isTry = typeof taskId === "string" && typeof mapIndex === "number" && typeof tryNumber === "number";
    const found = tracer.findSpan(
      { team, dagId, runId },
      isTry ? { taskId, mapIndex, tryNumber } : undefined,
    );
    return found ? { trace_id: found.traceId, span_id: found.spanId } : {};
  }
}
