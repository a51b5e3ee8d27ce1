// Signing in at an OpenID provider: there and back.

import { API_PREFIX, OWN_ROUTES } from "@memodag/api-contract";
import { sha256 } from "@memodag/core";
import type { Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { ApiEnv, ApiParts } from "../api-parts.ts";
import { FLOW_VALID_MS, type OidcFlow } from "../auth/oidc.ts";
import { ApiProblem, notFound } from "../problem.ts";
import { toPattern } from "./operation-routes.ts";
import { openSession } from "./session-routes.ts";

const COOKIE = "memodag_sign_in";

/** The cookie of a sign-in is for these routes alone. */
const PATH = `${API_PREFIX}/session/oidc`;

const SEALED_FOR = "oidc";

/** Adds the routes. */
export function addOidcRoutes(app: Hono<ApiEnv>, parts: ApiParts): void {
  const { oidc, cursors, isHttps, ownUrl, authenticator } = parts;
  const callback = () => `${ownUrl()}${PATH}/callback`;
  /** Counted before the provider is asked: an address that fails too often does not reach it. */
  const counted = async <T>(c: Context<ApiEnv>, work: () => Promise<T>): Promise<T> => {
    const takeBack = authenticator.countFailure(c);
    const done = await work();
    takeBack();
    return done;
  };
  app.get(toPattern(OWN_ROUTES["session.begin-oidc"].path), async (c) => {
    if (!oidc) throw notFound();
    const { url, flow } = await counted(c, () => oidc.begin(callback()));
    // Lax: it comes back from another site. It opens nothing without the code that the provider sends along.
    setCookie(c, COOKIE, cursors.seal(JSON.stringify(flow), SEALED_FOR), {
      path: PATH,
      httpOnly: true,
      sameSite: "Lax",
      secure: isHttps,
      maxAge: FLOW_VALID_MS / 1000,
    });
    c.header("cache-control", "no-store");
    return c.redirect(url.href, 302);
  });
  app.get(toPattern(OWN_ROUTES["session.end-oidc"].path), async (c) => {
    if (!oidc) throw notFound();
    deleteCookie(c, COOKIE, { path: PATH, secure: isHttps });
    await counted(c, async () => {
      const flow = readFlow(getCookie(c, COOKIE), parts);
      const session = await oidc.end(new URL(`${callback()}${new URL(c.req.url).search}`), flow);
      if (!(await openSession(c, session, sha256(`oidc ${flow.state}`), parts)))
        throw new ApiProblem(401, "api_not_signed_in", "This sign-in was used before: sign in again");
    });
    c.header("cache-control", "no-store");
    return c.redirect("/", 302);
  });
}

function readFlow(sealed: string | undefined, { cursors }: ApiParts): OidcFlow {
  try {
    return JSON.parse(cursors.open(sealed ?? "", SEALED_FOR)) as OidcFlow;
  } catch {
    throw new ApiProblem(
      401,
      "api_not_signed_in",
      "This browser has begun no sign-in, or took too long: sign in again, with cookies allowed",
    );
  }
}
