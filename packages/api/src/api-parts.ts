// The parts that routes share.

import type { Clock, JsonObject, Logger } from "@memodag/core";
import type { OperationContext } from "@memodag/operations";
import type { Authenticator } from "./auth/authenticator.ts";
import type { Principal } from "./principal.ts";
import type { RequestLimits } from "./limits/request-limits.ts";
import type { RunWatcher } from "./live/run-watcher.ts";
import type { LongOperations } from "./long-operations.ts";
import type { SealedCursors } from "./sealed-cursors.ts";

/** See the file. */
export interface ApiParts {
  /** The stores and settings; the actor of an operation is the sender of its request. */
  readonly context: OperationContext;
  readonly authenticator: Authenticator;
  readonly cursors: SealedCursors;
  readonly long: LongOperations;
  readonly limits: RequestLimits;
  readonly watcher: RunWatcher;
  readonly isHttps: boolean;
  readonly document: JsonObject;
  /** Resolves while the database answers. */
  ready(): Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
}

/** Variables of a request. */
export interface ApiEnv {
  Variables: { requestId: string; principal: Principal };
}
