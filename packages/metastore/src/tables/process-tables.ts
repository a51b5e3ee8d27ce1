// The tables of processes.

import type { ServiceKind } from "@memodag/core";

/** A process of a service. */
interface ServiceProcessTable {
  id: string;
  kind: ServiceKind;
  host: string;
  pid: number;
  version: string;
  slots: number | null;
  started_at: number;
  beat_at: number;
}

/** By name. */
export interface ProcessTables {
  service_process: ServiceProcessTable;
}
