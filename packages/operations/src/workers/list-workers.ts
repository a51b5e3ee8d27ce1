// Lists the workers on other machines.

import type { WorkerHostState } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { isoTime } from "../iso-time.ts";

/** A worker, as it is shown. */
export interface WorkerReport {
  readonly id: string;
  readonly name: string;
  /** Its machine. */
  readonly host: string;
  readonly pid: number;
  readonly queues: readonly string[];
  readonly concurrency: number;
  /** Attempts that it has started and not ended. */
  readonly running: number;
  readonly version: string;
  readonly node: string;
  readonly tokenId: string;
  readonly registeredAt: string;
  readonly beatAt: string;
  readonly state: WorkerHostState;
}

/** Lists workers, longest registered first. */
export async function listWorkers({ stores, settings }: OperationContext): Promise<WorkerReport[]> {
  const hosts = await stores.workerHosts.list(settings.workerLimits);
  return hosts.map(({ registeredAt, beatAt, ...host }) => ({
    ...host,
    registeredAt: isoTime(registeredAt),
    beatAt: isoTime(beatAt),
  }));
}
