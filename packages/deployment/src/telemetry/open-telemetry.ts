// Opens the telemetry that a config asks for. A process without it loads nothing of it.

import type { LoadedConfig } from "@memodag/config";
import { systemClock, type Logger } from "@memodag/core";
import type { SchedulerListener } from "@memodag/scheduler";
import type {
  InstallationState,
  OtlpExport,
  RequestFacts,
  RunTracer,
  ScannedBundle,
  SchedulerProbe,
} from "@memodag/telemetry";
import { readSecretKey } from "../config/secret-key.ts";
import { openLineage } from "./open-lineage.ts";
import { tryOpenOtlp } from "./open-otlp.ts";

type TelemetryModule = typeof import("@memodag/telemetry");

/** The telemetry of a process. No method throws. */
export interface ProcessTelemetry {
  /** For a scheduler in this process. */
  readonly probe: SchedulerProbe;
  /** Returns one listener for the given one and those of the probe. */
  join(listener: SchedulerListener): SchedulerListener;
  /** Returns a log whose messages about runs name the spans. */
  correlate(log: Logger): Logger;
  recordBundle(scanned: ScannedBundle): void;
  recordRequest(request: RequestFacts): void;
  /** @param count of the streams that are open */
  recordStreams(count: () => number): void;
  recordInstallation(read: () => Promise<InstallationState>): void;
  /** Exports the rest, for a few seconds at most. Never rejects. */
  close(): Promise<void>;
}

/**
 * Opens it; undefined if everything is off. Faults of it are warnings: telemetry must not hurt what it is about.
 * @param service the name of the process, such as `scheduler`
 */
export async function openTelemetry(
  service: string,
  loaded: LoadedConfig,
  log: Logger,
): Promise<ProcessTelemetry | undefined> {
  const { config } = loaded;
  const { metrics: exports, taskLabels, prometheusAddress } = config.telemetry;
  // Other processes have no runs to tell of.
  const hasRuns = service === "scheduler" || service === "dev";
  const traces = hasRuns ? config.telemetry.traces : "off";
  const openlineage = hasRuns ? config.telemetry.openlineage : "off";
  if (exports === "off" && traces === "off" && openlineage === "off") return undefined;
  const telemetry = await import("@memodag/telemetry");
  const metrics = exports === "off" ? undefined : new telemetry.Metrics({ hasTasks: taskLabels });
  const onDropped = (what: string, count = 1): void =>
    metrics?.add("memodag.telemetry.dropped", { what }, count);
  for (const what of ["spans", "events"]) metrics?.begin("memodag.telemetry.dropped", { what });
  const stopProcess = metrics && telemetry.recordProcess(metrics);
  const isOtlp = exports.includes("otlp") || traces === "otlp";
  const otlp = isOtlp
    ? await tryOpenOtlp(loaded, {
        serviceName: `memodag-${service}`,
        ...(metrics && exports.includes("otlp") && { collect: () => metrics.collect() }),
        hasTraces: traces === "otlp",
        onDropped: (count) => onDropped("spans", count),
        log,
      })
    : undefined;
  const tracer = otlp && traces === "otlp" ? openTracer(telemetry, loaded, otlp, onDropped) : undefined;
  const lineage =
    openlineage === "http" ? openLineage(telemetry, loaded, log, () => onDropped("events")) : undefined;
  const prometheus =
    metrics && exports.includes("prometheus")
      ? await telemetry.servePrometheus(metrics, prometheusAddress.split(/ +/), log)
      : undefined;
  const probe = new telemetry.SchedulerProbe({
    metrics,
    tracer,
    listeners: lineage ? [lineage.listener] : [],
    clock: systemClock,
  });
  return {
    probe,
    join: (listener) => telemetry.joinListeners([listener, ...probe.listeners]),
    correlate: (plain) =>
      tracer ? telemetry.correlateLog(plain, tracer, { hasTeams: config.core.multiTeam }) : plain,
    recordBundle: (scanned) => metrics && telemetry.recordBundle(metrics, scanned),
    recordRequest: (request) => metrics && telemetry.recordRequest(metrics, request),
    recordStreams: (count) => metrics && telemetry.recordStreams(metrics, count),
    recordInstallation: (read) => metrics && telemetry.recordInstallation(metrics, read, systemClock),
    async close() {
      stopProcess?.();
      await Promise.all([otlp?.close(), lineage?.close(), prometheus?.close()]);
    },
  };
}

function openTracer(
  { RunTracer: Tracer, TraceIds }: TelemetryModule,
  { config }: LoadedConfig,
  otlp: OtlpExport,
  onDropped: (what: string) => void,
): RunTracer {
  const { traceRatio, traceMaxSpans } = config.telemetry;
  return new Tracer({
    ids: new TraceIds(readSecretKey(config.core.stateDir), traceRatio),
    maxSpans: traceMaxSpans,
    exportSpan: (span) => otlp.exportSpan(span),
    onDropped: () => onDropped("spans"),
  });
}
