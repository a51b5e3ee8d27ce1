// Checks workers on other machines: the module of the queue, which workers are alive, and queues that no one serves.

import type { LoadedConfig } from "@memodag/config";
import type { Metastore } from "@memodag/metastore";
import { loadEngineModule } from "../stores/engine-module.ts";
import type { Finding } from "./finding.ts";

/** Longer than workers need for an attempt that was just given to a queue, in milliseconds. */
const LONG_WAIT_MS = 15_000;

/** Finds out whether tasks can run on other machines. Nothing, if they run in schedulers. */
export async function lookAtQueues(
  loaded: LoadedConfig,
  { remoteAttempts, workerHosts }: Pick<Metastore, "remoteAttempts" | "workerHosts">,
): Promise<Finding[]> {
  const { core, scheduler, executor, workerApi } = loaded.config;
  if (core.executor === "local") return [];
  const module = await loadEngineModule(loaded);
  const hosts = await workerHosts.list({ beatMs: scheduler.heartbeatTimeout, linkMs: executor.linkGrace });
  const active = hosts.filter(({ state }) => state === "active");
  const served = new Set(active.flatMap(({ queues }) => queues));
  const problems = [
    ...(workerApi.listen === undefined
      ? ["[worker_api] listen is not set here, so workers need a `memodag worker-api` elsewhere"]
      : []),
    ...hosts
      .filter(({ state }) => state === "lost")
      .map(({ name, host, pid }) => `worker ${name} (${host}/${pid}) has not been heard of: start it again`),
    ...(await remoteAttempts.countByQueue())
      .filter(({ queue, oldestWaitMs }) => !served.has(queue) && (oldestWaitMs ?? 0) >= LONG_WAIT_MS)
      .map(({ queue, waiting }) => `no worker takes queue ${queue}, in which ${waiting} wait: start one`),
    // Without a feed, each attempt has a worker started for it.
    ...(active.length === 0 && module.openAttemptFeed
      ? ["no worker is registered: start `memodag worker` on another machine"]
      : []),
  ];
  const found: Finding = {
    check: "workers",
    status: "ok",
    message: `[core] executor = "${core.executor}" can be loaded; ${active.length} workers are active`,
  };
  return [found, ...problems.map((message): Finding => ({ check: "workers", status: "warn", message }))];
}
