// Finds out who sends a request: by a token in a header, or by a session in a cookie.

import {
  areSameSecrets,
  readSecretToken,
  sha256,
  type ApiGrant,
  type ApiSessionStore,
  type ApiTokenStore,
} from "@memodag/core";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { HonoRequest } from "hono";
import { getCookie } from "hono/cookie";
import type { Context } from "hono";
import { ApiProblem } from "../problem.ts";
import type { RequestLimits } from "../limits/request-limits.ts";
import type { Principal } from "../principal.ts";

/** The stores that credentials are compared with. */
export interface CredentialStores {
  readonly apiTokens: ApiTokenStore;
  readonly apiSessions: ApiSessionStore;
}

/** The name of the cookie of a session. On HTTPS, browsers take it from this host alone. */
export function cookieName(isHttps: boolean): string {
  return isHttps ? "__Host-memodag_session" : "memodag_session";
}

const BEARER = /^Bearer (?<token>\S+)$/i;

/** Options of {@link Authenticator}. */
export interface AuthenticatorOptions {
  /** The machine that actors in the audit trail are said to have acted from. */
  readonly host: string;
  readonly isHttps: boolean;
  readonly limits: RequestLimits;
}

/** Authenticates requests. */
export class Authenticator {
  readonly #stores: CredentialStores;
  readonly #host: string;
  readonly #isHttps: boolean;
  readonly #limits: RequestLimits;

  constructor(stores: CredentialStores, { host, isHttps, limits }: AuthenticatorOptions) {
    this.#stores = stores;
    this.#host = host;
    this.#isHttps = isHttps;
    this.#limits = limits;
  }

  /** Returns the sender. @throws ApiProblem 401, 403 for an act that another site had a browser send, 429 */
  async principalOf(c: Context): Promise<Principal> {
    try {
      const principal = await this.#find(c);
      this.#limits.countRequest(principal, !READS.has(c.req.method));
      return principal;
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) this.#limits.countFailure(addressOf(c));
      throw error;
    }
  }

  async #find(c: Context): Promise<Principal> {
    const authorization = c.req.header("authorization");
    if (authorization !== undefined) return await this.#ofToken(authorization);
    const secret = getCookie(c, cookieName(this.#isHttps));
    if (secret === undefined) throw notSignedIn("The request is not signed in");
    refuseForeignActs(c.req);
    const session = await this.#stores.apiSessions.find(sha256(secret));
    if (!session) throw notSignedIn("The session has ended");
    const { name, grants } = session;
    return {
      kind: "session",
      name,
      hasValues: true,
      grants,
      actor: { kind: "os_user", name, host: this.#host },
    };
  }

  async #ofToken(authorization: string): Promise<Principal> {
    const said = readSecretToken("mdg", BEARER.exec(authorization)?.groups?.["token"] ?? "");
    const found = said && (await this.#stores.apiTokens.use(said.id));
    if (!found || !areSameSecrets(found.secretDigest, said.secretDigest)) {
      throw notSignedIn("The token is unknown, expired or revoked");
    }
    const { name, team, role, hasValues } = found;
    const grants: readonly ApiGrant[] = [{ team, role }];
    return {
      kind: "token",
      name,
      hasValues,
      grants,
      actor: { kind: "principal", name: `token ${name}`, host: this.#host },
    };
  }
}

function notSignedIn(why: string): ApiProblem {
  return new ApiProblem(
    401,
    "api_not_signed_in",
    `${why}: run \`memodag ui\` for a link that signs in, or send a token of \`memodag tokens make\``,
    { headers: { "www-authenticate": 'Bearer realm="memodag"' } },
  );
}

/** Where a request comes from; of no use behind a proxy, where all do from one place, and wrong credentials are rare. */
function addressOf(c: Context): string {
  return getConnInfo(c).remote.address ?? "";
}

const READS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/**
 * Browsers send cookies along with requests that other sites make them send. Cookies here are `SameSite=Strict`; this
 * holds where a browser does not keep to that, and for other origins of the same site.
 */
function refuseForeignActs(request: HonoRequest): void {
  if (READS.has(request.method)) return;
  const site = request.header("sec-fetch-site");
  const origin = request.header("origin");
  const isOwn =
    site === undefined
      ? origin !== undefined && origin === new URL(request.url).origin
      : site === "same-origin";
  if (isOwn) return;
  throw new ApiProblem(
    403,
    "api_denied",
    "A session acts from the pages of this server alone: use a token elsewhere",
  );
}
