// The port between telemetry and the package that knows OpenTelemetry, which is loaded only where OTLP is asked for.

import type { Logger } from "@memodag/core";
import type { MetricFamily } from "./metrics/metrics.ts";

/** A span that has ended. Times are milliseconds since the Unix epoch. */
export interface FinishedSpan {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** `null`: the root of its trace. */
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly events: readonly { readonly name: string; readonly at: number }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** The message of a failure; `null`: none. */
  readonly error: string | null;
}

/** Options of an export. */
export interface OtlpOptions {
  /** Of the process, such as `memodag-scheduler`; `OTEL_SERVICE_NAME` comes first. */
  readonly serviceName: string;
  /** Reads the metrics; absent: they are not exported. */
  readonly collect?: () => Promise<readonly MetricFamily[]>;
  readonly hasTraces: boolean;
  /** Spans that wait to be exported, at most. Default: 20,000. */
  readonly mostWaitingSpans?: number;
  /** Called with how many spans were dropped. */
  onDropped(count: number): void;
  readonly log: Logger;
}

/** An export over OTLP. No method throws or rejects. */
export interface OtlpExport {
  /** Exports a span later, in a batch. Returns at once; with too many in wait, it is dropped. */
  exportSpan(span: FinishedSpan): void;
  /** Exports what there is, for a few seconds at most. */
  close(): Promise<void>;
}

/** Exports of the package. */
export interface OtlpModule {
  openOtlp(options: OtlpOptions): OtlpExport;
}
