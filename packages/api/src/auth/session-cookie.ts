// The cookie of a session, and which requests it is good for.

import type { Context, HonoRequest } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { ApiProblem } from "../problem.ts";

/** On HTTPS, browsers take a cookie of this prefix from this host alone. */
function cookieName(isHttps: boolean): string {
  return isHttps ? "__Host-memodag_session" : "memodag_session";
}

/** Returns the secret of the session that a request is of. */
export function readSessionSecret(c: Context, isHttps: boolean): string | undefined {
  return getCookie(c, cookieName(isHttps));
}

/** Has a browser send the secret with its requests, from pages of this server alone, for `forMs` milliseconds. */
export function setSessionCookie(c: Context, secret: string, isHttps: boolean, forMs: number): void {
  setCookie(c, cookieName(isHttps), secret, {
    path: "/",
    httpOnly: true,
    sameSite: "Strict",
    secure: isHttps,
    maxAge: Math.floor(forMs / 1000),
  });
}

/** Has a browser forget the secret. */
export function deleteSessionCookie(c: Context, isHttps: boolean): void {
  deleteCookie(c, cookieName(isHttps), { path: "/", secure: isHttps });
}

const READS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/**
 * Browsers send cookies along with requests that other sites make them send. Cookies here are `SameSite=Strict`; this
 * holds where a browser does not keep to that, and for other origins of the same site.
 * @throws ApiProblem 403
 */
export function refuseForeignActs(request: HonoRequest): void {
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
