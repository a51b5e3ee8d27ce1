// The routes of the worker API, behind the checks that all of them share.

import { Hono } from "hono";
import { addAttemptRoutes } from "./attempt-routes.ts";
import type { ApiEnv, ApiParts } from "./api-parts.ts";
import { ApiProblem, toResponse } from "./problem.ts";
import { findVersionFault, PROTOCOL_HEADER, ROUTES, toHeader } from "./protocol/index.ts";
import { addWorkerRoutes } from "./worker-routes.ts";

/** Makes the app. Each route but `health` checks the token itself, with what else it needs to know of the request. */
export function makeApp(parts: ApiParts): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>();
  app.use(async (c, next) => {
    c.header(PROTOCOL_HEADER, toHeader());
    if (c.req.path !== ROUTES.health.path) {
      const fault = findVersionFault(c.req.header(PROTOCOL_HEADER));
      if (fault !== null) throw new ApiProblem(426, "worker_version", fault);
    }
    await next();
  });
  app.get(ROUTES.health.path, (c) => c.json({ status: "ok", protocol: toHeader() }));
  addWorkerRoutes(app, parts);
  addAttemptRoutes(app, parts);
  app.notFound(() =>
    toResponse(new ApiProblem(404, "worker_request_invalid", "There is no such route"), parts.log),
  );
  app.onError((error) => toResponse(error, parts.log));
  return app;
}
