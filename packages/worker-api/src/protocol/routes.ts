// The routes of the worker API, for the server and the host.

import type { Digest } from "@memodag/core";

/** The header in which a host says which worker it is. */
export const WORKER_HEADER = "memodag-worker";

/** The type of a body that is a frame, as on descriptor 3 of a worker. */
export const FRAME_TYPE = "application/x-memodag-frame";

/** The type of an error's body (RFC 9457). */
export const PROBLEM_TYPE = "application/problem+json";

/**
 * In the query of a value: it is read and checked by the API, whatever its size. Without, a large one may be a redirect to
 * its store, or come unchecked.
 */
export const WHOLE = "whole";

/** All routes, with their parameters. */
export const ROUTES = {
  health: { method: "GET", path: "/v1/health" },
  register: { method: "POST", path: "/v1/workers" },
  beat: { method: "POST", path: "/v1/workers/:id/beat" },
  link: { method: "GET", path: "/v1/workers/:id/link" },
  expected: { method: "GET", path: "/v1/workers/:id/expected" },
  leave: { method: "DELETE", path: "/v1/workers/:id" },
  start: { method: "POST", path: "/v1/attempts/:id/start" },
  artifact: { method: "GET", path: "/v1/attempts/:id/artifact" },
  value: { method: "GET", path: "/v1/attempts/:id/values/:digest" },
  question: { method: "POST", path: "/v1/attempts/:id/questions" },
  log: { method: "PUT", path: "/v1/attempts/:id/log" },
  outcome: { method: "POST", path: "/v1/attempts/:id/outcome" },
} as const;

/** The name of a route. */
export type RouteName = keyof typeof ROUTES;

/** Returns the path of a route with its parameters in place. */
export function pathOf(route: RouteName, id = "", digest: Digest = ""): string {
  return ROUTES[route].path.replace(":id", encodeURIComponent(id)).replace(":digest", digest);
}
