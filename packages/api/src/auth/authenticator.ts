// Finds out who sends a request: by a token in its header, or by a session in a cookie.

import { getConnInfo } from "@hono/node-server/conninfo";
import {
  areSameSecrets,
  LONGEST_ACTOR_NAME,
  messageOf,
  readSecretToken,
  sha256,
  type ApiSession,
  type ApiSessionStore,
  type ApiTokenStore,
  type Clock,
  type Logger,
} from "@memodag/core";
import type { Context } from "hono";
import type { RequestLimits } from "../limits/request-limits.ts";
import type { Principal } from "../principal.ts";
import { ApiProblem } from "../problem.ts";
import { grantsOf, type NamedGrant } from "./grants.ts";
import { readSessionSecret, refuseForeignActs } from "./session-cookie.ts";

const BEARER = /^Bearer (?<token>\S+)$/i;

/** How exactly the last use of a token is known, in milliseconds: each use would be a write otherwise. */
const USE_STEP_MS = 3_600_000;

/** The stores that credentials are compared with. */
export interface CredentialStores {
  readonly tokens: ApiTokenStore;
  readonly sessions: ApiSessionStore;
}

/** Options of {@link Authenticator}. */
export interface AuthenticatorOptions extends CredentialStores {
  /** The machine that actors in the audit trail are said to have acted from. */
  readonly host: string;
  /** The grants of the config to people who sign in at a provider. */
  grants(): readonly NamedGrant[];
  readonly isHttps: boolean;
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

  /** Returns the sender. @throws ApiProblem 401, 403 for an act that another site had a browser send, 429 */
  async principalOf(c: Context): Promise<Principal> {
    const principal = await this.findPrincipal(c);
    if (principal) return principal;
    this.countFailure(c);
    throw new ApiProblem(
      401,
      "api_not_signed_in",
      "The request is not signed in, or its session or token is unknown, expired or revoked: run `memodag ui` for a " +
        "link that signs in, or make a token with `memodag tokens make` and send it as `authorization: Bearer TOKEN`",
      { headers: { "www-authenticate": 'Bearer realm="memodag"' } },
    );
  }

  /** Returns the sender; undefined: the request is not signed in. @throws ApiProblem 403, 429 */
  async findPrincipal(c: Context): Promise<Principal | undefined> {
    const { limits } = this.#options;
    const authorization = c.req.header("authorization");
    const principal =
      authorization === undefined ? await this.#findSession(c) : await this.#findToken(authorization);
    if (principal) limits.countRequest(principal, !READS.has(c.req.method));
    return principal;
  }

  /** Returns the principal of a session, and what they may do. */
  principalOfSession(session: ApiSession): Principal {
    const { kind, subject, name } = session;
    return {
      kind: "session",
      id: `${kind}:${subject}`,
      name,
      hasValues: true,
      grants: grantsOf(session, this.#options.grants()),
      actor: {
        kind,
        // People choose their names; the provider chooses the subject.
        name: (kind === "os_user" ? name : `${subject} (${name})`).slice(0, LONGEST_ACTOR_NAME),
        host: this.#options.host,
      },
    };
  }

  /** Counts a request with wrong credentials. Returns what takes that back. @throws ApiProblem 429 */
  countFailure(c: Context): () => void {
    return this.#options.limits.countFailure(addressOf(c));
  }

  async #findSession(c: Context): Promise<Principal | undefined> {
    const { sessions, isHttps } = this.#options;
    const secret = readSessionSecret(c, isHttps);
    if (secret === undefined) return undefined;
    refuseForeignActs(c.req);
    const session = await sessions.find(sha256(secret));
    return session && this.principalOfSession(session);
  }

  async #findToken(authorization: string): Promise<Principal | undefined> {
    const { tokens, host } = this.#options;
    const said = readSecretToken("mdg", BEARER.exec(authorization)?.groups?.["token"] ?? "");
    const found = said && (await tokens.find(said.id));
    if (!found || !areSameSecrets(found.secretDigest, said.secretDigest)) return undefined;
    await this.#noteUse(found);
    const { id, name, team, role, hasValues } = found;
    const actor = { kind: "principal", name: `token ${name} (${id})`, host } as const;
    return { kind: "token", id, name, hasValues, grants: [{ team, role }], actor };
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

/** Where a request comes from; of no use behind a proxy, where all do from one place, and wrong credentials are rare. */
function addressOf(c: Context): string {
  return getConnInfo(c).remote.address ?? "";
}

const READS: ReadonlySet<string> = new Set(["GET", "HEAD"]);
