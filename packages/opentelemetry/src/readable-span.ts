// Spans as the SDK's exporters take them. They are made when they have ended, so no tracer is needed.

import { SpanKind, SpanStatusCode, TraceFlags, type HrTime, type SpanContext } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { FinishedSpan } from "@memodag/telemetry";

/** Name of what makes the spans and metrics. */
export const SCOPE = { name: "memodag" };

/** Converts a span. */
export function toReadableSpan(span: FinishedSpan, resource: Resource): ReadableSpan {
  const { traceId, parentSpanId, error } = span;
  const contextOf = (spanId: string, trace = traceId): SpanContext => ({
    traceId: trace,
    spanId,
    traceFlags: TraceFlags.SAMPLED,
  });
  const own = contextOf(span.spanId);
  return {
    name: span.name,
    kind: SpanKind.INTERNAL,
    spanContext: () => own,
    ...(parentSpanId !== null && { parentSpanContext: contextOf(parentSpanId) }),
    startTime: hrTime(span.startedAt),
    endTime: hrTime(span.endedAt),
    duration: hrTime(span.endedAt - span.startedAt),
    status: error === null ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: error },
    attributes: span.attributes,
    links: span.links.map((link) => ({ context: contextOf(link.spanId, link.traceId) })),
    events: span.events.map(({ name, at }) => ({ name, time: hrTime(at) })),
    ended: true,
    resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** Seconds and nanoseconds. */
export function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}
