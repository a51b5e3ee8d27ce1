// Finds out who sends a request, by the token in its header.

import { getConnInfo } from "@hono/node-server/conninfo";
import {
  areSameSecrets,
  messageOf,
  readSecretToken,
  type ApiTokenStore,
  type Clock,
  type Logger,
} from "@memodag/core";
import type { Context } from "hono";
import type { RequestLimits } from "../limits/request-limits.ts";
import type { Principal } from "../principal.ts";
import { ApiProblem } from "../problem.ts";

const BEARER = /^Bearer (?<token>\S+)$/i;

/** How exactly the last use of a token is known, in milliseconds: each use would be a write otherwise. */
const USE_STEP_MS = 3_600_000;

/** Options of {@link Authenticator}. */
export interface AuthenticatorOptions {
  readonly tokens: ApiTokenStore;
  /** The machine that actors in the audit trail are said to have acted from. */
  readonly host: string;
  readonly limits: RequestLimits;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Authenticates requests. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /** Returns the sender. @throws ApiProblem 401, 429 */
  async principalOf(c: Context): Promise<Principal> {
    const { limits } = this.#options;
    const principal = await this.#find(c.req.header("authorization") ?? "");
    if (principal) {
      limits.countRequest(principal, !READS.has(c.req.method));
      return principal;
    }
    limits.countFailure(addressOf(c));
    throw new ApiProblem(
      401,
      "api_not_signed_in",
      "The request has no token, or one that is unknown, expired or revoked: make one with `memodag tokens make`, and " +
        "send it as `authorization: Bearer TOKEN`",
      { headers: { "www-authenticate": 'Bearer realm="memodag"' } },
    );
  }

  async #find(authorization: string): Promise<Principal | undefined> {
    const { tokens, host } = this.#options;
    const said = readSecretToken("mdg", BEARER.exec(authorization)?.groups?.["token"] ?? "");
    const found = said && (await tokens.find(said.id));
    if (!found || !areSameSecrets(found.secretDigest, said.secretDigest)) return undefined;
    await this.#noteUse(found);
    const { id, name, team, role, hasValues } = found;
    const actor = { kind: "principal", name: `token ${name} (${id})`, host } as const;
    return { id, name, hasValues, grants: [{ team, role }], actor };
  }

  /** A database that cannot be written to is read all the same. */
  async #noteUse({ id, usedAt }: { readonly id: string; readonly usedAt: number | null }): Promise<void> {
    const { tokens, clock, log } = this.#options;
    if (usedAt !== null && clock.now() - usedAt < USE_STEP_MS) return;
    await tokens.noteUse(id).catch((error: unknown) => {
      log.warn("cannot note that a token is used", { token: id, error: messageOf(error) });
    });
  }
}

/** Where a request comes from; of no use behind a proxy, where all do from one place, and wrong tokens are rare. */
function addressOf(c: Context): string {
  return getConnInfo(c).remote.address ?? "";
}

const READS: ReadonlySet<string> = new Set(["GET", "HEAD"]);
