// The export of memodag's metrics and traces over OTLP. The endpoint, headers, timeout and compression are those of the
// standard variables OTEL_EXPORTER_OTLP_*.

export { openOtlp } from "./open-otlp.ts";
