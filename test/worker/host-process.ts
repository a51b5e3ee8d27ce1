// A worker host in a process of its own, whose queue is the channel to the test.

import { systemClock, type LogFields, type Logger } from "@memodag/core";
import { ApiClient, WorkerHost } from "@memodag/worker";
import { measureProcess, type ProcessSize } from "./process-size.ts";

/** The first message to the process. */
export interface HostOrder {
  readonly name: string;
  readonly urls: readonly string[];
  readonly token: string;
  readonly stateDir: string;
  readonly bundleDir: string;
  readonly shutdownGraceMs: number;
  /** Default: 10 MB. */
  readonly inputCacheBytes?: number;
  /** Runs this attempt alone. */
  readonly only?: string;
}

/** A message of the process. */
export type HostEvent =
  | { readonly kind: "ready" }
  | { readonly kind: "over" | "rejected"; readonly attemptId: string }
  | { readonly kind: "size"; readonly size: ProcessSize }
  | { readonly kind: "log"; readonly level: string; readonly line: string };

/** An attempt to take, by its id, or a question of how large the process is. */
export type HostMessage = { readonly take: string } | { readonly measure: true };

function tell(event: HostEvent): void {
  if (process.connected) process.send?.(event);
}

function logAt(level: string): (message: string, fields?: LogFields) => void {
  return (message, fields) =>
    tell({ kind: "log", level, line: `${message} ${JSON.stringify(fields ?? {})}` });
}

const log: Logger = {
  debug: logAt("debug"),
  info: logAt("info"),
  warn: logAt("warn"),
  error: logAt("error"),
};

process.once("message", (order: HostOrder) => void run(order));

async function run(order: HostOrder): Promise<void> {
  const stop = new AbortController();
  process.on("SIGTERM", () => stop.abort());
  const { name, urls, token, stateDir, bundleDir, shutdownGraceMs, only } = order;
  const underWay = new Set<Promise<void>>();
  const host = new WorkerHost({
    name,
    queues: ["default"],
    concurrency: 20,
    version: "0.1.0",
    client: new ApiClient({ urls, token: () => token }),
    async openFeed(take) {
      let isOpen = true;
      process.on("message", (message: HostMessage) => {
        if ("measure" in message) {
          void measureProcess().then((size) => tell({ kind: "size", size }));
          return;
        }
        const { take: attemptId } = message;
        if (!isOpen) return;
        const taken = take(attemptId).then(
          () => tell({ kind: "over", attemptId }),
          () => tell({ kind: "rejected", attemptId }),
        );
        underWay.add(taken);
        void taken.finally(() => underWay.delete(taken));
      });
      tell({ kind: "ready" });
      return {
        async close() {
          isOpen = false;
          await Promise.all(underWay);
        },
      };
    },
    stateDir,
    exchangeDir: `${stateDir}/exchange`,
    inputCacheBytes: order.inputCacheBytes ?? 10_000_000,
    nodeOptions: [],
    shutdownGraceMs,
    env: process.env,
    clock: systemClock,
    log,
    bundlePath: () => bundleDir,
  });
  try {
    await (only === undefined ? host.run(stop.signal) : host.runOne(only, stop.signal));
  } catch (error) {
    tell({ kind: "log", level: "fault", line: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
  }
  process.disconnect();
}
