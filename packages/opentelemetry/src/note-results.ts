// Logs when a collector is away, and when it answers again: once each, not at every export.

import { messageOf, type Logger } from "@memodag/core";

/** The outcome of an export, as the SDK has it. */
interface ExportResult {
  /** 0: sent. */
  readonly code: number;
  readonly error?: Error;
}

/** An exporter of either kind. */
interface Exporter<T> {
  export(batch: T, done: (result: ExportResult) => void): void;
}

/** Returns the exporter, whose results are logged. */
export function noteResults<T, E extends Exporter<T>>(
  exporter: E & Exporter<T>,
  what: "metrics" | "traces",
  log: Logger,
  onResult: (batch: T, isSent: boolean) => void = () => undefined,
): E {
  let isAway = false;
  const send = exporter.export.bind(exporter);
  exporter.export = (batch, done) =>
    send(batch, (result) => {
      const isSent = result.code === 0;
      if (!isSent && !isAway)
        log.warn(
          `${what} cannot be exported over OTLP: check OTEL_EXPORTER_OTLP_ENDPOINT and its collector`,
          {
            error: messageOf(result.error),
          },
        );
      if (isSent && isAway) log.info(`${what} are exported over OTLP again`);
      isAway = !isSent;
      onResult(batch, isSent);
      done(result);
    });
  return exporter;
}
