// Reads the input of an operation from a request: its path, and its query or its body.

import { hasQuery, pathFields, type ApiProblemBody, type Route } from "@memodag/api-contract";
import type { JsonObject } from "@memodag/core";
import type { Context } from "hono";
import * as z from "zod";
import { ApiProblem } from "./problem.ts";

/** Bytes that a body may have. */
const MOST_BODY_BYTES = 2 ** 20;

/** How the text of a field is read. */
type FieldKind = "text" | "number" | "boolean" | "list";

/** Reads inputs of one route, which its schema has checked to be `Input`. */
export class InputReader<Input> {
  readonly #schema: z.ZodType;
  readonly #kinds: ReadonlyMap<string, FieldKind>;
  readonly #hasQuery: boolean;

  constructor(route: Pick<Route, "method">, schema: z.ZodType) {
    this.#schema = schema;
    this.#kinds = kindsOf(schema);
    this.#hasQuery = hasQuery(route);
  }

  /** @throws ApiProblem 400, 413, 415, 422 */
  async read(c: Context, path: string): Promise<Input> {
    const named = Object.fromEntries(
      pathFields(path).map((field) => [field, this.#valueOf(field, [c.req.param(field) ?? ""])]),
    );
    const rest = this.#hasQuery ? this.#readQuery(c) : await readBody(c);
    for (const field of Object.keys(rest)) {
      if (!Object.hasOwn(named, field) && (field !== "team" || Object.hasOwn(named, "team"))) continue;
      throw invalid([{ pointer: `/${field}`, message: "is in the path" }]);
    }
    const { data, error } = this.#schema.safeParse({ ...rest, ...named });
    if (error === undefined) return data as Input;
    throw invalid(
      error.issues.map(({ path: at, message }) => ({ pointer: `/${at.map(String).join("/")}`, message })),
    );
  }

  #readQuery(c: Context): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(c.req.queries()).map(([field, texts]) => [field, this.#valueOf(field, texts)]),
    );
  }

  /** Text that is no value of its kind stays text, which the schema refuses with its own words. */
  #valueOf(field: string, texts: readonly string[]): unknown {
    const kind = this.#kinds.get(field) ?? "text";
    const [text = ""] = texts;
    if (kind === "list") return texts;
    // Of a field that is given twice, the schema has the list, and refuses it.
    if (texts.length > 1) return texts;
    if (kind === "number" && /^-?\d+(?:\.\d+)?$/.test(text)) return Number(text);
    if (kind === "boolean" && (text === "true" || text === "false")) return text === "true";
    return text;
  }
}

function kindsOf(schema: z.ZodType): Map<string, FieldKind> {
  const { properties = {} } = z.toJSONSchema(schema, { io: "input" }) as {
    properties?: Readonly<Record<string, JsonObject>>;
  };
  return new Map(Object.entries(properties).map(([field, property]) => [field, kindOf(property)]));
}

function kindOf({ type, anyOf }: JsonObject): FieldKind {
  const types = [type, ...((anyOf as JsonObject[] | undefined) ?? []).map((other) => other["type"])];
  if (types.includes("array")) return "list";
  if (types.includes("integer") || types.includes("number")) return "number";
  return types.includes("boolean") ? "boolean" : "text";
}

async function readBody(c: Context): Promise<Record<string, unknown>> {
  const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  const bytes = await readBytes(c);
  if (bytes.length === 0 && type === undefined) return {};
  if (type !== "application/json")
    throw new ApiProblem(
      415,
      "api_request_invalid",
      "The body must be JSON: send content-type: application/json",
    );
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new ApiProblem(400, "api_request_invalid", "The body is not JSON in UTF-8");
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw invalid([{ pointer: "", message: "must be an object" }]);
}

async function readBytes(c: Context): Promise<Uint8Array> {
  const tooLarge = new ApiProblem(
    413,
    "api_request_invalid",
    `The body has more than ${MOST_BODY_BYTES} bytes`,
  );
  if (Number(c.req.header("content-length") ?? 0) > MOST_BODY_BYTES) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    length += chunk.length;
    if (length > MOST_BODY_BYTES) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function invalid(errors: NonNullable<ApiProblemBody["errors"]>): ApiProblem {
  const words = errors.map(({ pointer, message }) => `${pointer === "" ? "the input" : pointer} ${message}`);
  return new ApiProblem(422, "api_request_invalid", `The input is not valid: ${words.join("; ")}`, {
    errors,
  });
}
