// The parts that the routes of the worker API share.

import type {
  ArtifactSource,
  AttemptQueries,
  Live,
  Logger,
  RemoteAttemptStore,
  RemoteLogStore,
  ValueSource,
  WorkerHostStore,
} from "@memodag/core";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { Access, Credentials } from "./access.ts";
import type { AskedAttempts } from "./asked-attempts.ts";
import type { KeySource } from "./expected-surroundings.ts";
import type { Links } from "./links.ts";
import { WORKER_HEADER, type HostSettings } from "./protocol/index.ts";

/** The types of a request's context. */
export interface ApiEnv {
  Bindings: HttpBindings;
}

/** The parts of the API that routes use. */
export interface ApiParts {
  readonly access: Access;
  readonly links: Links;
  readonly asked: AskedAttempts;
  readonly attempts: RemoteAttemptStore;
  readonly hosts: WorkerHostStore;
  readonly logs: RemoteLogStore;
  readonly queries: AttemptQueries;
  readonly artifacts: ArtifactSource;
  readonly values: ValueSource;
  readonly keys?: KeySource;
  readonly settings: Live<HostSettings>;
  readonly log: Logger;
}

/** Returns the sender that a request names; the worker is in its path or in its header. */
export function credentialsOf(
  c: Context<ApiEnv>,
  workerId: string | undefined = c.req.header(WORKER_HEADER),
): Credentials {
  return { authorization: c.req.header("authorization"), workerId };
}
