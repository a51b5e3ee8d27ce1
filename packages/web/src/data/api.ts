// Questions to the API and acts on it, by the names of operations, with the types of `@memodag/client`.

import { createClient, MemodagApiError, type Client } from "@memodag/client";
import type { RoutedName } from "@memodag/api-contract/routes";
import type { OperationTypes } from "@memodag/operations/operation-types";
import type { QueryFunction } from "@tanstack/react-query";

const client: Client = createClient();

/** The input of an operation. */
export type InputOf<N extends RoutedName> = OperationTypes[N]["input"];

/** The output of an operation. */
export type OutputOf<N extends RoutedName> = OperationTypes[N]["output"];

/** The key of a question: the operation, and its input. Live events find questions by these. */
export type ReadKey<N extends RoutedName = RoutedName> = readonly [name: N, input: InputOf<N>];

type Operation = (input: unknown, options?: { readonly signal?: AbortSignal }) => Promise<unknown>;

/** Calls an operation. */
export async function call<N extends RoutedName>(
  name: N,
  input: InputOf<N>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<OutputOf<N>> {
  const [group = "", operation = ""] = name.split(".");
  const camel = operation.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const groups = client as unknown as Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  return (await groups[group]?.[camel]?.(input, options)) as OutputOf<N>;
}

/** A question, for the hooks and functions of TanStack Query. */
export interface Read<N extends RoutedName> {
  readonly queryKey: ReadKey<N>;
  readonly queryFn: QueryFunction<OutputOf<N>, ReadKey<N>>;
}

/**
 * A question to the API. `useSuspenseQuery(read(…))` in a page, `queryClient.ensureQueryData(read(…))` in the loader of
 * its route. What is there is shown at once, and asked for anew when an event names it.
 * @example const { data } = useSuspenseQuery(read("dags.show", { team, dagId }));
 */
export function read<N extends RoutedName>(name: N, input: InputOf<N>): Read<N> {
  return { queryKey: [name, input], queryFn: ({ signal }) => call(name, input, { signal }) };
}

/** Asks a route that is no operation. @throws MemodagApiError for an answer that is an error */
export async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  const answer = await fetch(`/api/v1${path}`, {
    ...init,
    headers: {
      accept: "application/json",
      ...(init.method !== undefined && { "content-type": "application/json" }),
    },
  });
  const text = await answer.text();
  if (answer.ok) return (text === "" ? undefined : JSON.parse(text)) as T;
  throw new MemodagApiError(readProblem(answer, text));
}

function readProblem(
  { status, statusText }: Response,
  text: string,
): ConstructorParameters<typeof MemodagApiError>[0] {
  try {
    return { ...(JSON.parse(text) as ConstructorParameters<typeof MemodagApiError>[0]), status };
  } catch {
    return {
      status,
      code: "unknown",
      detail: `${status} ${statusText}: this is no answer of memodag`,
      instance: "",
    };
  }
}
