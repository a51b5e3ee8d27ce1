// Serves the metrics of a process as Prometheus text, on a port of their own.

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { messageOf, type Logger } from "@memodag/core";
import type { Metrics } from "../metrics/metrics.ts";
import { CONTENT_TYPES, formatMetrics, type TextFormat } from "./prometheus-text.ts";

/** A server of metrics. */
export interface PrometheusServer {
  /** Where Prometheus reads them. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Listens on the first address that is free. Metrics must not hurt what they are about: when no address is free, it
 * logs that and returns undefined.
 * @param addresses such as `127.0.0.1:9464`
 */
export async function servePrometheus(
  metrics: Metrics,
  addresses: readonly string[],
  log: Logger,
): Promise<PrometheusServer | undefined> {
  const server = createServer((request, response) => {
    void answer(metrics, request, response).catch((error: unknown) => {
      log.debug("a request for metrics failed", { error: messageOf(error) });
      response.destroy();
    });
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 10_000;
  server.maxHeadersCount = 100;
  const faults: string[] = [];
  for (const address of addresses) {
    const fault = await tryListen(server, address);
    if (fault !== undefined) {
      faults.push(`${address}: ${fault}`);
      continue;
    }
    // Metrics alone keep no process alive.
    server.unref();
    const { address: host, port } = server.address() as AddressInfo;
    const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}/metrics`;
    log.info("metrics are served to Prometheus", { url });
    return { url, close: async () => await closeServer(server) };
  }
  log.warn(
    "metrics are not served to Prometheus: add a free address to [telemetry] prometheus_address, or end what uses these",
    { addresses: faults.join("; ") },
  );
  return undefined;
}

async function tryListen(server: Server, address: string): Promise<string | undefined> {
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  try {
    const listening = once(server, "listening");
    server.listen({ host, port: Number(address.slice(colon + 1)) });
    await listening;
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}

async function answer(metrics: Metrics, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? "").split("?")[0];
  if (path !== "/metrics" || (request.method !== "GET" && request.method !== "HEAD")) {
    response
      .writeHead(404, { "content-type": "text/plain; charset=utf-8" })
      .end("The metrics are at /metrics\n");
    return;
  }
  const format: TextFormat = request.headers.accept?.includes("application/openmetrics-text")
    ? "openmetrics"
    : "prometheus";
  const body = formatMetrics(await metrics.collect(), format);
  response.writeHead(200, { "content-type": CONTENT_TYPES[format], "cache-control": "no-store" });
  response.end(request.method === "HEAD" ? undefined : body);
}
