// Who may ask what: each request is checked against the stores, and nothing that a host says of itself is believed.

import {
  areSameSecrets,
  readSecretToken,
  type AttemptOrder,
  type RemoteAttemptStore,
  type WorkerHost,
  type WorkerHostStore,
  type WorkerScope,
  type WorkerToken,
  type WorkerTokenStore,
} from "@memodag/core";
import { ApiProblem } from "./problem.ts";

/** The stores that requests are checked against. */
export interface AccessStores {
  readonly attempts: RemoteAttemptStore;
  readonly hosts: WorkerHostStore;
  readonly tokens: WorkerTokenStore;
}

/** The sender of a request, as it says itself. */
export interface Credentials {
  /** The header `authorization`. */
  readonly authorization: string | undefined;
  readonly workerId: string | undefined;
}

const BEARER = /^Bearer (?<token>\S+)$/i;

/** Checks requests. */
export class Access {
  readonly #stores: AccessStores;

  constructor(stores: AccessStores) {
    this.#stores = stores;
  }

  /** Returns the token of a request. @throws ApiProblem 401 */
  async ofToken({ authorization }: Pick<Credentials, "authorization">): Promise<WorkerToken> {
    const said = readSecretToken("mdw", BEARER.exec(authorization ?? "")?.groups?.["token"] ?? "");
    const found = said && (await this.#stores.tokens.find(said.id));
    if (!found || !areSameSecrets(found.secretDigest, said.secretDigest)) {
      throw new ApiProblem(
        401,
        "worker_token_invalid",
        "The worker's token is missing, unknown, expired or revoked: make one with `memodag workers token`",
      );
    }
    return found;
  }

  /** Returns the token of a request by a registered worker. @throws ApiProblem 401, 404 */
  async ofWorker(
    credentials: Credentials,
  ): Promise<{ token: WorkerToken; workerId: string; host: Pick<WorkerHost, "id" | "queues"> }> {
    const { workerId = "" } = credentials;
    const [token, host] = await Promise.all([this.ofToken(credentials), this.#stores.hosts.find(workerId)]);
    // Of a worker of another token, no more is said than of one that does not exist.
    if (host?.tokenId !== token.id) {
      throw new ApiProblem(
        404,
        "worker_not_found",
        "No worker with this id is registered with this token: register again",
      );
    }
    return { token, workerId, host };
  }

  /** Returns the order of an attempt that the worker has started and not ended. @throws ApiProblem 401, 404, 410 */
  async ofAttempt(credentials: Credentials, attemptId: string): Promise<AttemptOrder> {
    const [{ token }, order] = await Promise.all([
      this.ofWorker(credentials),
      this.#stores.attempts.find(attemptId, credentials.workerId ?? ""),
    ]);
    if (!order || !isInScope(order, token)) throw attemptGone();
    return order;
  }
}

/** The answer to requests for attempts that are not, or no longer, those of the worker. */
export function attemptGone(reason = "it is not, or no longer, an attempt of this worker"): ApiProblem {
  return new ApiProblem(410, "attempt_refused", `The attempt is refused: ${reason}. Drop it`);
}

/** True if a token is for attempts of that queue and team. */
export function isInScope(
  { attempt }: Pick<AttemptOrder, "attempt">,
  { queues, teams }: WorkerScope,
): boolean {
  const isOfQueue = queues === null || queues.includes(attempt.queue);
  return isOfQueue && (teams === null || teams.includes(attempt.team));
}
