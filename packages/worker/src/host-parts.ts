// The parts that the attempts of a host share.

import { join } from "node:path";
import type { Clock, ExecutorEvent, Logger } from "@memodag/core";
import { LocalExecutor, LocalSurroundings, type LocalExecutorOptions } from "@memodag/executor";
import type { HostSettings } from "@memodag/worker-api/protocol";
import { askApi } from "./api-answers.ts";
import type { ApiClient } from "./api-client.ts";
import type { WorkerHostOptions } from "./worker-host-options.ts";

/** The parts of a host that has registered. */
export interface HostParts {
  readonly name: string;
  readonly client: ApiClient;
  readonly executor: LocalExecutor;
  readonly surroundings: LocalSurroundings;
  readonly settings: HostSettings;
  readonly logsDir: string;
  /** The environment of the host. */
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly log: Logger;
  /** True: the host ends, and waits for nothing more. */
  readonly isGone: () => boolean;
}

/** The host, as far as its parts ask it. */
export interface PartsOwner {
  /** Reads artifacts and values. */
  readonly inputs: LocalExecutorOptions["artifacts"] & NonNullable<LocalExecutorOptions["values"]>;
  /** The environment of an attempt that it holds. */
  environmentOf(attemptId: string): NodeJS.ProcessEnv | undefined;
  onEvent(event: ExecutorEvent): void;
  isGone(): boolean;
}

/** More than a queue hands on: it bounds the attempts. */
const UNLIMITED = 1_000_000;

/** Makes the parts of a host that has registered. */
export function openHostParts(
  options: WorkerHostOptions,
  settings: HostSettings,
  owner: PartsOwner,
): HostParts {
  const { name, client, clock, log, env, stateDir, exchangeDir, nodeOptions } = options;
  const { ordinaryEnv } = settings;
  const bundlePath = (bundle: string): string => options.bundlePath(bundle);
  const logsDir = join(stateDir, "logs");
  const executor = new LocalExecutor({
    parallelism: () => UNLIMITED,
    warmWorkers: () => options.warmProcesses ?? options.concurrency,
    warmMemory: () => options.warmMemoryBytes,
    artifactsDir: join(stateDir, "artifacts"),
    logsDir,
    exchangeDir,
    log,
    heartbeatTimeoutMs: settings.heartbeatTimeoutMs,
    ordinaryEnv,
    nodeOptions,
    maxXComBytes: settings.maxXComBytes,
    maxEntryBytes: () => settings.maxEntryBytes,
    answer: (attempt, question) => askApi({ client, clock }, attempt, question),
    environmentOf: ({ attemptId }) => owner.environmentOf(attemptId) ?? env,
    clock,
    artifacts: owner.inputs,
    values: owner.inputs,
    bundlePath,
  });
  executor.listen({ onEvent: (event) => owner.onEvent(event), onCapacity: () => undefined });
  const surroundings = new LocalSurroundings({
    level: settings.runtime,
    env,
    ordinaryEnv,
    clock,
    packageMemoryPath: join(stateDir, "packages.json"),
    bundlePath,
  });
  const isGone = (): boolean => owner.isGone();
  return { name, client, executor, surroundings, settings, logsDir, env, clock, log, isGone };
}
