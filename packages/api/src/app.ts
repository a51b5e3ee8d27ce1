// The routes of the API, behind what holds for every request.

import { Hono } from "hono";
import { requestId } from "hono/request-id";
import { routePath } from "hono/route";
import type { ApiEnv, ApiParts } from "./api-parts.ts";
import { ApiProblem, notFound, toResponse } from "./problem.ts";
import { addEntryRoutes } from "./routes/entry-routes.ts";
import { addEventRoutes } from "./routes/event-routes.ts";
import { addLogRoutes } from "./routes/log-routes.ts";
import { addOidcRoutes } from "./routes/oidc-routes.ts";
import { addOperationRoutes } from "./routes/operation-routes.ts";
import { addServerRoutes } from "./routes/server-routes.ts";
import { addSessionRoutes } from "./routes/session-routes.ts";
import { requireOwnHost, securityHeaders } from "./security.ts";
import { serveNoPages, servePages } from "./static-files.ts";

/** Characters of a URL, at most. */
const LONGEST_URL = 8_192;

/** Makes the app. Each route authenticates and authorizes by itself, before it reads anything of the request. */
export function makeApp(parts: ApiParts, publicHost: string | undefined): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>();
  app.use(async (c, next) => {
    const beganAt = parts.clock.monotonic();
    await next();
    const durationMs = parts.clock.monotonic() - beganAt;
    parts.onAnswered?.({ method: c.req.method, route: routePath(c, -1), status: c.res.status, durationMs });
  });
  app.use(securityHeaders(parts.isHttps));
  // An id that a client sends would be one that it can repeat.
  app.use(requestId({ headerName: "" }));
  app.use(async (c, next) => {
    await next();
    c.header("x-request-id", c.get("requestId"));
  });
  app.use(requireOwnHost(publicHost));
  app.use(async (c, next) => {
    if (c.req.url.length > LONGEST_URL)
      throw new ApiProblem(400, "api_request_invalid", `The URL has more than ${LONGEST_URL} characters`);
    await next();
  });
  addServerRoutes(app, parts);
  addSessionRoutes(app, parts);
  addOidcRoutes(app, parts);
  addLogRoutes(app, parts);
  addEntryRoutes(app, parts);
  addEventRoutes(app, parts);
  addOperationRoutes(app, parts);
  // An address below the API that is none of its routes is no page.
  app.all("/api/*", () => {
    throw notFound();
  });
  app.use(parts.webFolder === undefined ? serveNoPages : servePages(parts.webFolder));
  app.notFound((c) => toResponse(notFound(), c.get("requestId"), parts.log));
  app.onError((error, c) => toResponse(parts.nameFault(error), c.get("requestId"), parts.log));
  return app;
}
