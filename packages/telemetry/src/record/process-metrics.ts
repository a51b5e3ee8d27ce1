// Metrics of the process itself.

import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Metrics } from "../metrics/metrics.ts";

/** Resolution of the event loop's delay, in milliseconds; each look costs a timer. */
const RESOLUTION_MS = 20;

/** Sets them before each export, until the returned function is called. */
export function recordProcess(metrics: Metrics): () => void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  metrics.observe(() => {
    const p99 = delay.percentile(99) / 1e9;
    metrics.set("nodejs.eventloop.delay.p99", {}, Math.max(0, p99 - RESOLUTION_MS / 1000));
    delay.reset();
    const { user, system } = process.cpuUsage();
    metrics.setTotal("process.cpu.time", {}, (user + system) / 1e6);
    metrics.set("process.memory.usage", {}, process.memoryUsage.rss());
  });
  return () => delay.disable();
}
