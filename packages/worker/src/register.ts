// The registration of a worker host at the API.

import { hostname } from "node:os";
import type { RegisterAnswer } from "@memodag/worker-api/protocol";
import { parseBody } from "./api-client.ts";
import { persist } from "./persist.ts";
import type { WorkerHostOptions } from "./worker-host-options.ts";

/** The API has a worker of this host. */
export interface Registration {
  readonly answer: RegisterAnswer;
  /** When it was asked, by the monotonic clock. */
  readonly sentAt: number;
}

/**
 * Registers, however long the API is away.
 * @param isOver true: it is not wanted any more, and the call rejects
 * @throws ApiRefusal if the API refuses this host
 */
export async function register(
  { client, clock, log, name, queues, concurrency, version }: WorkerHostOptions,
  isOver: () => boolean,
): Promise<Registration> {
  const host = {
    name,
    host: hostname(),
    pid: process.pid,
    queues,
    concurrency,
    version,
    node: process.versions.node,
  };
  const body = [Buffer.from(JSON.stringify(host))];
  let sentAt = 0;
  client.workerId = undefined;
  const reply = await persist(
    () => {
      sentAt = clock.monotonic();
      return client.send({ route: "register", body, isRepeatable: false });
    },
    {
      clock,
      isOver,
      onAway: (error) => log.warn("the worker waits for the worker API", { error: error.message }),
    },
  );
  const answer = parseBody<RegisterAnswer>(reply);
  client.workerId = answer.workerId;
  log.info("the worker is registered", { workerId: answer.workerId, name, queues, concurrency });
  return { answer, sentAt };
}
