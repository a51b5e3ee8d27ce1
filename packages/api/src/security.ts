// Checks of every request: the name that the server is asked by, and the headers of its answers.

import type { MiddlewareHandler } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { ApiProblem } from "./problem.ts";

const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i;

/**
 * Refuses requests that ask for another host: a page of another site whose name was made to lead here (DNS rebinding)
 * sends its own name.
 * @param publicHost the host of `[api] public_url`, with its port if it names one
 */
export function requireOwnHost(publicHost: string | undefined): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header("host") ?? "";
    if (!LOOPBACK.test(host) && host.toLowerCase() !== publicHost?.toLowerCase()) {
      throw new ApiProblem(
        421,
        "api_request_invalid",
        `This server is not asked for by the name "${host.slice(0, 100)}": set [api] public_url to the URL that browsers use`,
      );
    }
    await next();
  };
}

const SELF = ["'self'"];
const NONE = ["'none'"];

const POLICY = "content-security-policy";

/**
 * Sets the headers that have browsers run nothing but what the server sends, and tell no other site where they are. The
 * policy of a route, which is stricter, is kept.
 */
export function securityHeaders(isHttps: boolean): MiddlewareHandler {
  const secure = secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: NONE,
      scriptSrc: SELF,
      styleSrc: SELF,
      imgSrc: [...SELF, "data:"],
      fontSrc: SELF,
      connectSrc: SELF,
      workerSrc: SELF,
      baseUri: SELF,
      formAction: NONE,
      frameAncestors: NONE,
      requireTrustedTypesFor: ["'script'"],
    },
    crossOriginOpenerPolicy: "same-origin",
    crossOriginResourcePolicy: "same-origin",
    referrerPolicy: "no-referrer",
    xFrameOptions: "DENY",
    strictTransportSecurity: isHttps ? "max-age=31536000" : false,
  });
  return async (c, next) => {
    let own: string | null = null;
    await secure(c, async () => {
      await next();
      own = c.res.headers.get(POLICY);
    });
    if (own !== null) c.res.headers.set(POLICY, own);
  };
}
