// The parts that the attempts of a host share.

import type { Clock, Logger } from "@memodag/core";
import type { LocalExecutor, LocalSurroundings } from "@memodag/executor";
import type { HostSettings } from "@memodag/worker-api/protocol";
import type { ApiClient } from "./api-client.ts";

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
