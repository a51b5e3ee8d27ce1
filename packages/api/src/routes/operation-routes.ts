// The routes of operations: each request becomes an input, and the output its answer.

import {
  acrossTeams,
  API_PREFIX,
  JSON_TYPE,
  ROUTES,
  type Route,
  type RoutedName,
} from "@memodag/api-contract";
import { OPERATIONS, type Operation } from "@memodag/operations/contract";
import { sha256, type Digest } from "@memodag/core";
import type { Context, Hono } from "hono";
import type { ApiEnv, ApiParts } from "../api-parts.ts";
import { authorize } from "../auth/authorize.ts";
import { answerJson } from "../json-answer.ts";
import { ApiProblem } from "../problem.ts";
import { InputReader } from "../read-input.ts";

/** Adds the routes of all operations. */
export function addOperationRoutes(app: Hono<ApiEnv>, parts: ApiParts): void {
  for (const [name, route] of Object.entries(ROUTES) as [RoutedName, Route][]) {
    const operation = OPERATIONS[name] as Operation;
    const paths = route.isAcrossTeams ? [route.path, acrossTeams(route.path)] : [route.path];
    // A schema is read when its route is first asked for: all of them take longer than starting the server.
    let reader: InputReader<unknown> | undefined;
    for (const path of paths) {
      app.on(route.method, toPattern(path), async (c) => {
        reader ??= new InputReader(route, operation.input);
        return await answer(c, { name, route, path, operation, reader }, parts);
      });
    }
  }
}

/** Returns the path as the router writes it. */
export function toPattern(path: string): string {
  return `${API_PREFIX}${path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
}

interface Asked {
  readonly name: RoutedName;
  readonly route: Route;
  readonly path: string;
  readonly operation: Operation;
  readonly reader: InputReader<unknown>;
}

async function answer(
  c: Context<ApiEnv>,
  { name, route, path, operation, reader }: Asked,
  { authenticator, context, cursors, long, reads, wholeValues }: ApiParts,
): Promise<Response> {
  const principal = await authenticator.principalOf(c);
  const team = c.req.param("team") ?? null;
  const hasValues = route.hasValues === true;
  authorize(principal, { role: route.isForEverybody ? undefined : route.role, team, hasValues });
  const scope = `${name} ${JSON.stringify(team)} ${principal.id}`;
  const input = await reader.read(c, path);
  const opened =
    route.isPaged && isFollowing(input) ? { ...input, after: cursors.open(input.after, scope) } : input;
  const requestKey = route.isMaking ? readRequestKey(c, scope) : undefined;
  const own = { ...context, actor: principal.actor, ...(requestKey !== undefined && { requestKey }) };
  if (route.isLong) {
    const begun = await long.start(own, (noted, signal) => operation.run(noted, opened, signal));
    if (begun.kind === "ended") return answerJson(c, begun.output, true);
    const { id } = begun;
    const location = `${API_PREFIX}/operations/${id}`;
    return new Response(JSON.stringify({ id, location }), {
      status: 202,
      headers: { "content-type": JSON_TYPE, location },
    });
  }
  const { signal } = c.req.raw;
  if (route.method === "GET") {
    const leave = await wholeValues.enter(name, signal);
    try {
      // Who may read was checked, and what is read is the same for all of them.
      const shared = JSON.stringify([name, opened]);
      const output = await reads.read(shared, () => operation.run(own, opened));
      return answerJson(c, seal(output), hasValues, leave);
    } catch (error) {
      leave();
      throw error;
    }
  }
  const sealed = seal(await operation.run(own, opened, signal));
  return new Response(JSON.stringify(sealed), {
    status: route.isMaking ? 201 : 200,
    headers: { "content-type": JSON_TYPE, "cache-control": "no-store" },
  });

  function seal(output: unknown): unknown {
    if (!route.isPaged || !hasNext(output)) return output;
    return { ...output, next: cursors.seal(output.next, scope) };
  }
}

const LONGEST_REQUEST_KEY = 250;

/** The header `idempotency-key`, which is its sender's own. @throws ApiProblem 400 */
function readRequestKey(c: Context, scope: string): Digest | undefined {
  const key = c.req.header("idempotency-key");
  if (key === undefined) return undefined;
  if (key !== "" && key.length <= LONGEST_REQUEST_KEY) return sha256(`${scope} ${key}`);
  throw new ApiProblem(
    400,
    "api_request_invalid",
    `The header idempotency-key has 1 to ${LONGEST_REQUEST_KEY} characters`,
  );
}

function isFollowing(input: unknown): input is { readonly after: string } {
  return typeof input === "object" && input !== null && "after" in input && typeof input.after === "string";
}

function hasNext(output: unknown): output is { readonly next: string } {
  return typeof output === "object" && output !== null && "next" in output && typeof output.next === "string";
}
