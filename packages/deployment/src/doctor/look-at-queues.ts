// Checks workers on other machines: the queue, the worker API, which workers are alive, their tokens, and queues that no
// one serves.

import { readFileSync } from "node:fs";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { resolve } from "node:path";
import type { LoadedConfig } from "@memodag/config";
import { formatDuration, messageOf, type Logger } from "@memodag/core";
import type { Metastore } from "@memodag/metastore";
import type { DispatchEngine } from "@memodag/remote-executor";
import { engineOptions, loadEngineModule } from "../stores/engine-module.ts";
import { look, type Finding, type FindingStatus } from "./finding.ts";
import { describeTokens, describeVersions, queuesOf } from "./look-at-workers.ts";
import { probeQueue, type ProbedQueue } from "./probe-queue.ts";

/** Longer than workers need for an attempt that was just given to a queue, in milliseconds. */
const LONG_WAIT_MS = 15_000;

/** Milliseconds within which the worker API says that it is there. */
const API_PATIENCE_MS = 3_000;

/** How doctor looks at workers. */
export interface QueueLookOptions {
  /** Of memodag. */
  readonly version: string;
  /** Send an attempt through each queue. */
  readonly probes: boolean;
  readonly log: Logger;
}

type Stores = Pick<Metastore, "dags" | "readClock" | "remoteAttempts" | "workerHosts" | "workerTokens">;

/** Finds out whether tasks can run on other machines. Nothing, if they run in schedulers. */
export async function lookAtQueues(
  loaded: LoadedConfig,
  stores: Stores,
  options: QueueLookOptions,
): Promise<readonly Finding[]> {
  const { core } = loaded.config;
  if (core.executor === "local") return [];
  const module = await loadEngineModule(loaded);
  const engine = await module.openDispatchEngine(engineOptions(loaded, options.log));
  try {
    const answers = await look("queue", () => lookAtEngine(engine, core.executor));
    const api = await look("api", () => lookAtApi(loaded));
    const startsWorkers = module.openAttemptFeed === undefined;
    const { findings, queues } = await lookAtWorkers(loaded, stores, { ...options, startsWorkers, engine });
    const probes = options.probes
      ? await Promise.all(
          queues.map((queue) => look("probe", () => probe(queue, { stores, engine, startsWorkers }))),
        )
      : [];
    return [...answers, ...api, ...findings, ...probes.flat()];
  } finally {
    await engine.close();
  }
}

async function lookAtEngine(engine: DispatchEngine, executor: string): Promise<Finding[]> {
  const warnings = (await engine.check?.()) ?? [];
  const message = engine.check ? `${executor} answers` : `${executor} can be loaded`;
  return [finding("queue", "ok", message), ...warnings.map((warning) => finding("queue", "warn", warning))];
}

/** Asks the one that this config describes, on this machine. */
async function lookAtApi({ config, projectDir }: LoadedConfig): Promise<Finding[]> {
  const { listen, tlsCertFile } = config.workerApi;
  if (listen === undefined) {
    const message = "[worker_api] listen is not set here, so workers need a `memodag worker-api` elsewhere";
    return [finding("api", "warn", message)];
  }
  const host = listen.replace(/^(?:0\.0\.0\.0|\[::\])(?=:\d+$)/, "127.0.0.1");
  const url = `${tlsCertFile === undefined ? "http" : "https"}://${host}/v1/health`;
  try {
    if (tlsCertFile !== undefined) readFileSync(resolve(projectDir, tlsCertFile));
    await askHealth(url);
    return [finding("api", "ok", `${url} answers`)];
  } catch (error) {
    const message = `${url} does not answer (${messageOf(error)}): start \`memodag scheduler\` or \`memodag worker-api\``;
    return [finding("api", "warn", message)];
  }
}

/** Nothing is told to it, and nothing believed, so its certificate may be for another name. */
async function askHealth(url: string): Promise<void> {
  const options = { timeout: API_PATIENCE_MS, rejectUnauthorized: false, agent: false };
  await new Promise<void>((done, fail) => {
    const sent = (url.startsWith("https:") ? requestHttps : requestHttp)(url, options, (response) => {
      response.resume();
      if (response.statusCode === 200) done();
      else fail(new Error(`HTTP ${response.statusCode}`));
    });
    sent.on("timeout", () => sent.destroy(new Error(`no answer within ${API_PATIENCE_MS}ms`)));
    sent.on("error", fail);
    sent.end();
  });
}

async function lookAtWorkers(
  { config }: LoadedConfig,
  { dags, readClock, remoteAttempts, workerHosts, workerTokens }: Stores,
  {
    version,
    startsWorkers,
    engine,
  }: QueueLookOptions & { readonly startsWorkers: boolean; readonly engine: DispatchEngine },
): Promise<{ readonly findings: Finding[]; readonly queues: readonly ProbedQueue[] }> {
  const { scheduler, executor } = config;
  const hosts = await workerHosts.list({ beatMs: scheduler.heartbeatTimeout, linkMs: executor.linkGrace });
  const active = hosts.filter(({ state }) => state === "active");
  const served = new Set(active.flatMap(({ queues }) => queues));
  const isServed = (queue: string): boolean =>
    startsWorkers ? (engine.capacity?.(queue) ?? 1) > 0 : served.has(queue);
  const waits = new Map((await remoteAttempts.countByQueue()).map((count) => [count.queue, count]));
  const versions = await Promise.all(
    (await dags.listDags()).map(async ({ versionId }) => await dags.getDagVersion(versionId)),
  );
  const ofDags = queuesOf(versions);
  const names = new Set([...ofDags.map(({ queue }) => queue), ...waits.keys()]);
  const problems = [
    ...hosts
      .filter(({ state }) => state === "lost")
      .map(({ name, host, pid }) => `worker ${name} (${host}/${pid}) has not been heard of: start it again`),
    ...[...names]
      .sort()
      .filter((queue) => !isServed(queue))
      .map((queue) => {
        const { waiting = 0, oldestWaitMs = null } = waits.get(queue) ?? {};
        const what = (oldestWaitMs ?? 0) >= LONG_WAIT_MS ? `, in which ${waiting} wait` : "";
        return `no worker takes queue ${queue}${what}: start one with --queue ${queue}`;
      }),
    ...(active.length === 0 && !startsWorkers
      ? ["no worker is registered: start `memodag worker` on another machine"]
      : []),
    ...describeVersions(hosts, { version, node: process.versions.node }),
    ...describeTokens(await workerTokens.list(), hosts, await readClock()),
  ];
  return {
    findings: [
      finding("workers", "ok", `${active.length} are active`),
      ...problems.map((message) => finding("workers", "warn", message)),
    ],
    queues: ofDags.filter(({ queue }) => isServed(queue)),
  };
}

async function probe(
  queue: ProbedQueue,
  {
    stores,
    ...parts
  }: { readonly stores: Stores; readonly engine: DispatchEngine; readonly startsWorkers: boolean },
): Promise<Finding[]> {
  const result = await probeQueue(queue, { store: stores.remoteAttempts, ...parts });
  const name = `queue ${queue.queue}`;
  switch (result.kind) {
    case "answered":
      return [
        finding("probe", "ok", `${name}: ${result.worker} answered in ${formatDuration(result.tookMs)}`),
      ];
    case "failed":
      return [finding("probe", "fail", `${name}: ${result.worker} failed: ${result.error}`)];
    case "late": {
      const after = formatDuration(result.afterMs);
      const why =
        result.state === "started"
          ? "a worker started it and sent no end: look at its log"
          : "no worker started it: they may be busy (`memodag queues`), or take from another queue ([executor] url and prefix)";
      return [finding("probe", "fail", `${name}: not answered within ${after}: ${why}`)];
    }
  }
}

function finding(check: string, status: FindingStatus, message: string): Finding {
  return { check, status, message };
}
