// A question to a person, and the answer, as they are stored and sent. A worker runs user code, so what it
// sends is read here.

import { sha256, type Digest } from "./digest.ts";
import { canonicalJson } from "./json/canonical-json.ts";
import type { JsonObject, JsonSchema, JsonValue } from "./json/json-value.ts";

/** A person, by the name that the audit log knows them by. */
export interface HumanUser {
  readonly id: string;
  readonly name: string;
}

/** A field of the form that goes with a request. */
export interface HumanParam {
  /** Value of a field that is left as it is. */
  readonly value: JsonValue;
  readonly description: string | null;
  readonly schema: JsonSchema;
}

/** Everything that is shown to the person who answers. */
export interface HumanRequest {
  readonly subject: string;
  /** Markdown. */
  readonly body: string | null;
  /** Distinct, at least one. */
  readonly options: readonly string[];
  readonly multiple: boolean;
  /** Options that are chosen when time runs out; `null`: the task fails then. */
  readonly defaults: readonly string[] | null;
  readonly params: Readonly<Record<string, HumanParam>>;
  /** Who may answer; empty: anyone. */
  readonly assignedUsers: readonly HumanUser[];
}

/** An answer. */
export interface HumanResponse {
  readonly chosen: readonly string[];
  readonly params: JsonObject;
  /** `null`: no one answered in time, and the defaults were chosen. */
  readonly user: HumanUser | null;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

/** The question of a task to its executor about its request. */
export type HumanQuestion =
  /** Finds the request of this try. */
  | { readonly act: "find" }
  /** Shows a request, unless this try has shown one. `text` is canonical JSON of a {@link HumanRequest}. */
  | { readonly act: "open"; readonly text: string; readonly timeoutMs: number | null }
  /** Chooses the defaults, unless there is an answer. */
  | { readonly act: "expire" };

/** Digest of everything that a request shows: an answer belongs to it. */
export function digestOfRequest(request: HumanRequest): Digest {
  return sha256(canonicalJson(request));
}

/** The values of a form of which nothing was filled in. */
export function presetParams({ params }: HumanRequest): JsonObject {
  return Object.fromEntries(Object.entries(params).map(([name, { value }]) => [name, value]));
}

/** Parses a request; `undefined` if it is none. */
export function readHumanRequest(text: string): HumanRequest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const { subject, body, options, multiple, defaults, params, assignedUsers } = value;
  const isRequest =
    isText(subject) &&
    (body === null || typeof body === "string") &&
    isTexts(options) &&
    typeof multiple === "boolean" &&
    (defaults === null || isTexts(defaults)) &&
    isRecord(params) &&
    Object.values(params).every(isParam) &&
    Array.isArray(assignedUsers) &&
    assignedUsers.every(isUser);
  return isRequest ? (value as unknown as HumanRequest) : undefined;
}

function isParam(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { description, schema } = value;
  const isSchema = typeof schema === "boolean" || isRecord(schema);
  return "value" in value && isSchema && (description === null || typeof description === "string");
}

function isUser(value: unknown): boolean {
  return isRecord(value) && isText(value["id"]) && typeof value["name"] === "string";
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every(isText);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
