// The client: a function for each operation, over `fetch`.

import { API_PREFIX, ROUTES, toRequest, type Route, type RoutedName } from "@memodag/api-contract/routes";
import type { OperationTypes } from "@memodag/operations/operation-types";
import { MemodagApiError, type ProblemBody } from "./api-error.ts";

/** Options of {@link createClient}. */
export interface ClientOptions {
  /** Of the server, such as `http://127.0.0.1:8470`; in a browser, default: the page's own. */
  readonly baseUrl?: string;
  /** A token of `memodag tokens make`. Default: none; a browser sends the cookie of its session. */
  readonly token?: string | undefined;
  /** Default: the global one. */
  readonly fetch?: typeof fetch;
}

/** Options of a call. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /**
   * Has a repeated `dags.trigger` find the run that the first one made: any text that is chosen once for a request, of
   * at most 250 characters.
   */
  readonly idempotencyKey?: string;
}

/** An operation that takes long is answered when it has begun: its entry in the audit trail says how it ended. */
export interface BegunOperation {
  /** For `audit.show`. */
  readonly id: number;
  readonly location: string;
}

/** Names of operations that take long; `cache.verify` does with `repair` alone. */
type LongName = "cache.gc" | "db.clean";

/** `explain-run` becomes `explainRun`. */
type Camel<S extends string> = S extends `${infer A}-${infer B}` ? `${A}${Capitalize<Camel<B>>}` : S;

type Group = RoutedName extends `${infer G}.${string}` ? G : never;

type Answer<N extends RoutedName> = N extends LongName
  ? BegunOperation
  : N extends "cache.verify"
    ? BegunOperation | OperationTypes[N]["output"]
    : OperationTypes[N]["output"];

type Call<N extends RoutedName> =
  Record<never, never> extends OperationTypes[N]["input"]
    ? (input?: OperationTypes[N]["input"], options?: CallOptions) => Promise<Answer<N>>
    : (input: OperationTypes[N]["input"], options?: CallOptions) => Promise<Answer<N>>;

/** Operations in groups: `runs.list` is `client.runs.list`, `cache.explain-run` is `client.cache.explainRun`. */
export type Client = {
  readonly [G in Group]: {
    readonly [N in RoutedName as N extends `${G}.${infer M}` ? Camel<M> : never]: Call<N>;
  };
};

/**
 * Creates a client. Each call resolves to what the command of that name prints with `--json`, and rejects with a
 * {@link MemodagApiError} for an answer that is an error, or with that of `fetch` if there is no answer.
 * @example
 * const client = createClient({ baseUrl: "https://memodag.example", token: process.env.MEMODAG_TOKEN });
 * const { runId } = await client.dags.trigger({ team: "default", dagId: "hello", params: { name: "Ada" } });
 * const run = await client.runs.show({ team: "default", dagId: "hello", runId });
 */
export function createClient(options: ClientOptions = {}): Client {
  const groups: Record<string, Record<string, unknown>> = {};
  for (const [name, route] of Object.entries(ROUTES) as [RoutedName, Route][]) {
    const [group = "", operation = ""] = name.split(".");
    (groups[group] ??= {})[toCamel(operation)] = (input: object = {}, call: CallOptions = {}) =>
      send(route, input as Readonly<Record<string, unknown>>, options, call);
  }
  return groups as unknown as Client;
}

function toCamel(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

async function send(
  route: Route,
  input: Readonly<Record<string, unknown>>,
  { baseUrl = "", token, fetch: ask = fetch }: ClientOptions,
  { signal, idempotencyKey }: CallOptions,
): Promise<unknown> {
  const { path, query, body } = toRequest(route, input);
  const search = new URLSearchParams();
  for (const [name, value] of query) search.append(name, value);
  const address = `${baseUrl.replace(/\/$/, "")}${API_PREFIX}${path}${search.size === 0 ? "" : `?${search}`}`;
  const answer = await ask(address, {
    method: route.method,
    headers: {
      accept: "application/json",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body && { "content-type": "application/json" }),
      ...(idempotencyKey !== undefined && { "idempotency-key": idempotencyKey }),
    },
    ...(body && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  });
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text) as unknown;
  throw new MemodagApiError(readProblem(answer, text));
}

/** A proxy in front of the server answers with bodies of its own. */
function readProblem({ status, statusText }: Response, text: string): ProblemBody {
  try {
    const problem = JSON.parse(text) as Partial<ProblemBody>;
    if (typeof problem.code === "string" && typeof problem.detail === "string") {
      return {
        ...problem,
        code: problem.code,
        detail: problem.detail,
        status,
        instance: problem.instance ?? "",
      };
    }
  } catch {
    // No JSON.
  }
  return {
    status,
    code: "unknown",
    detail: `${status} ${statusText}: this is no answer of memodag; check the URL, and the proxy in front of it`,
    instance: "",
  };
}
