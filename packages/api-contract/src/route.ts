// Routes of the API, and how an operation's input becomes a request.

import type { ApiRole } from "@memodag/core";

/** Where the routes begin. */
export const API_PREFIX = "/api/v1";

/** Where a route that is about one team begins. */
export const TEAM_PREFIX = "/teams/{team}";

/** The route of an operation. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /**
   * Below {@link API_PREFIX}. `{dagId}` is the field of that name of the operation's input; the other fields are in the
   * query of `GET` and `DELETE`, else in a JSON body.
   */
  readonly path: string;
  /** The role that is needed: in the team of the path or, where it has none, in all teams. */
  readonly role: ApiRole;
  /** One sentence. */
  readonly summary: string;
  /** The same path without the team is the operation on all teams, for those who have the role in all. */
  readonly isAcrossTeams?: true;
  /** For all who have a role in some team: it is about the installation, and names no team. */
  readonly isForEverybody?: true;
  /** Its answer has values of users: params, results, parts of keys. Tokens may be made without this. */
  readonly hasValues?: true;
  /** It reads, though its method is POST: its input is too rich for a query. */
  readonly isAskedInBody?: true;
  /** It answers a page: `next` of one is `after` of the following. */
  readonly isPaged?: true;
  /**
   * It may take long: it answers 202 as soon as it is recorded, with the address of its entry in the audit trail. What is
   * not recorded, as it changes nothing, is answered when it is done.
   */
  readonly isLong?: true;
  /** It makes something new: it answers 201. */
  readonly isMaking?: true;
}

/** The parts of a request that an input becomes. */
export interface RouteRequest {
  /** The path, with encoded names. */
  readonly path: string;
  /** The query; values other than strings, and elements of lists, as JSON writes them. */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** The body; undefined: none. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

const PLACEHOLDER = /\{(\w+)\}/g;

/** Returns the names of the fields that are in a path. */
export function pathFields(path: string): string[] {
  return [...path.matchAll(PLACEHOLDER)].map(([, name = ""]) => name);
}

/** True if the input of a route is in its query and path alone. */
export function hasQuery({ method }: Pick<Route, "method">): boolean {
  return method === "GET" || method === "DELETE";
}

/**
 * Returns the request for an input. A route across teams is taken where the input names none.
 * @throws TypeError for an input without a field that the path needs
 */
export function toRequest(route: Route, input: Readonly<Record<string, unknown>>): RouteRequest {
  const template = route.isAcrossTeams && input["team"] === undefined ? acrossTeams(route.path) : route.path;
  const inPath = new Set(pathFields(template));
  const path = template.replaceAll(PLACEHOLDER, (_, name: string) => {
    const value = input[name];
    if (typeof value !== "string" && typeof value !== "number")
      throw new TypeError(`${route.method} ${template} needs "${name}"`);
    return encodeURIComponent(String(value));
  });
  const rest = Object.entries(input).filter(([name, value]) => !inPath.has(name) && value !== undefined);
  if (!hasQuery(route)) return { path, query: [], body: Object.fromEntries(rest) };
  const query = rest.flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((item) => [name, toText(item)] as const),
  );
  return { path, query, body: undefined };
}

/** Returns the path of a route for all teams. */
export function acrossTeams(path: string): string {
  return path.slice(TEAM_PREFIX.length);
}

function toText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
