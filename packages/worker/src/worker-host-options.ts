// The options of a worker host.

import type { Clock, Logger } from "@memodag/core";
import type { AttemptFeed, TakeAttempt } from "@memodag/remote-executor";
import type { ApiClient } from "./api-client.ts";

/** Options of a `WorkerHost`. */
export interface WorkerHostOptions {
  readonly name: string;
  readonly queues: readonly string[];
  readonly concurrency: number;
  /** Of memodag. */
  readonly version: string;
  readonly client: ApiClient;
  /** Opens the worker's side of the queue. */
  readonly openFeed: (take: TakeAttempt) => Promise<AttemptFeed>;
  /** Folder of artifacts, inputs, logs and files of commands; exclusive to this host. */
  readonly stateDir: string;
  readonly exchangeDir: string;
  readonly inputCacheBytes: number;
  readonly nodeOptions: readonly string[];
  /** Maximum number of processes that are started ahead of attempts. Default: `concurrency`. */
  readonly warmProcesses?: number | undefined;
  /** Memory of these processes. Default: that of a local executor. */
  readonly warmMemoryBytes?: number | undefined;
  /** Milliseconds for which what runs may end when the host is stopped. */
  readonly shutdownGraceMs: number;
  /** The environment of the host. */
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly log: Logger;
  /** Returns the folder of a bundle. */
  bundlePath(bundleName: string): string;
}
