// Routes of the API that are no operations: sign-in, streams, bytes, and what it says of itself.

import { API_ROLES, type ApiRole } from "@memodag/core";
import * as z from "zod";
import type { Route } from "./route.ts";

const RUN = "/teams/{team}/dags/{dagId}/runs/{runId}";
const ATTEMPT = `${RUN}/tasks/{taskId}/{mapIndex}/attempts/{tryNumber}`;

/** Types of bodies. */
export const JSON_TYPE = "application/json";
export const PROBLEM_TYPE = "application/problem+json";
export const EVENTS_TYPE = "text/event-stream";
const TEXT_TYPE = "text/plain";
const BYTES_TYPE = "application/octet-stream";

/** A route with what it takes and answers. */
export interface OwnRoute extends Pick<Route, "method" | "path" | "summary" | "hasValues" | "isAcrossTeams"> {
  /** `public`: for those who are not signed in, too. `signed-in`: whatever their teams. */
  readonly role: ApiRole | "public" | "signed-in";
  /** The fields of the path and the query. */
  readonly parameters: Readonly<Record<string, z.ZodType>>;
  readonly body?: z.ZodType;
  /** It answers with the address of another page. */
  readonly isRedirect?: true;
  /** The type of the answer's body, and its schema where that is JSON; absent: there is none. */
  readonly type?: string;
  readonly answer?: z.ZodType;
}

/** A role in one team, or in all. */
export interface GrantReport {
  /** `null`: all. */
  readonly team: string | null;
  readonly role: ApiRole;
}

/** Who sends the request. */
export interface Me {
  readonly kind: "session" | "token";
  readonly id: string;
  readonly name: string;
  /** False: values of users are withheld. */
  readonly hasValues: boolean;
  readonly grants: readonly GrantReport[];
}

/** The state of a sign-in: a page reads it first. */
export interface SessionReport {
  /** How people sign in. `local`: with a link of `memodag ui`; `oidc`: at `/session/oidc`, or with a link. */
  readonly auth: "local" | "oidc";
  /** `null`: the request is not signed in. */
  readonly me: Me | null;
  /** The teams that they may read. */
  readonly teams: readonly string[];
  /** Of the program; `null` to those who are not signed in. */
  readonly version: string | null;
}

/** The findings of the checks of an installation. */
export interface DoctorReport {
  /** True if nothing failed. */
  readonly ok: boolean;
  readonly checks: readonly {
    /** The subject in one word. */
    readonly check: string;
    readonly status: "ok" | "warn" | "fail";
    /** The finding and, if there is a problem, how to fix it. */
    readonly message: string;
  }[];
}

/** A problem: RFC 9457, with a code of memodag. */
export interface ApiProblemBody {
  /** `urn:memodag:error:` and the code. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  /** The fault, its place, and its remedy. */
  readonly detail: string;
  /** The id of the request, which the log of the server names. */
  readonly instance: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Faults of parts of the request. */
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

const name = z.string().min(1);
const grant = z.strictObject({ team: name.nullable(), role: z.enum(API_ROLES) });

/** See {@link Me}. */
export const me: z.ZodType<Me> = z.strictObject({
  kind: z.enum(["session", "token"]),
  id: name,
  name,
  hasValues: z.boolean(),
  grants: z.array(grant),
});

const findings: z.ZodType<DoctorReport> = z.strictObject({
  ok: z.boolean(),
  checks: z.array(
    z.strictObject({ check: name, status: z.enum(["ok", "warn", "fail"]), message: z.string() }),
  ),
});

const session: z.ZodType<SessionReport> = z.strictObject({
  auth: z.enum(["local", "oidc"]),
  me: me.nullable(),
  teams: z.array(name),
  version: z.string().nullable(),
});

/** See {@link ApiProblemBody}. */
export const problem: z.ZodType<ApiProblemBody> = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  instance: z.string(),
  fields: z.exactOptional(z.record(z.string(), z.unknown())),
  errors: z.exactOptional(z.array(z.strictObject({ pointer: z.string(), message: z.string() }))),
});

const runParameters = { team: name, dagId: name, runId: name };
const attemptParameters = {
  ...runParameters,
  taskId: name,
  mapIndex: z.int().min(-1),
  tryNumber: z.int().min(1),
};
const ok = z.strictObject({ ok: z.literal(true) });

/** Names of these routes. */
export type OwnRouteName =
  | "events.runs"
  | "api.health"
  | "api.ready"
  | "api.me"
  | "api.document"
  | "api.doctor"
  | "session.open"
  | "session.show"
  | "session.close"
  | "session.begin-oidc"
  | "session.end-oidc"
  | "logs.read"
  | "logs.follow"
  | "entries.content"
  | "entries.preview";

/** The routes by name. */
export const OWN_ROUTES: Readonly<Record<OwnRouteName, OwnRoute>> = {
  "api.health": {
    method: "GET",
    path: "/health",
    role: "public",
    parameters: {},
    type: JSON_TYPE,
    answer: ok,
    summary: "Answers while the server runs.",
  },
  "api.ready": {
    method: "GET",
    path: "/ready",
    role: "public",
    parameters: {},
    type: JSON_TYPE,
    answer: ok,
    summary: "Answers while the database can be read.",
  },
  "api.me": {
    method: "GET",
    path: "/me",
    role: "signed-in",
    parameters: {},
    type: JSON_TYPE,
    answer: me,
    summary: "Says who sends the request, and what they may do.",
  },
  "api.document": {
    method: "GET",
    path: "/openapi.json",
    role: "public",
    parameters: {},
    type: JSON_TYPE,
    answer: z.record(z.string(), z.unknown()),
    summary: "This document.",
  },
  "api.doctor": {
    method: "GET",
    path: "/doctor",
    role: "admin",
    parameters: {},
    type: JSON_TYPE,
    answer: findings,
    summary: "Looks whether everything is there, as `memodag doctor` does, on the machine of the server.",
  },
  "session.open": {
    method: "POST",
    path: "/session",
    role: "public",
    parameters: {},
    body: z.strictObject({ code: name }),
    type: JSON_TYPE,
    answer: session,
    summary: "Signs in with the code of a link of `memodag ui`: the answer has a cookie.",
  },
  "session.show": {
    method: "GET",
    path: "/session",
    role: "public",
    parameters: {},
    type: JSON_TYPE,
    answer: session,
    summary: "Says who is signed in and what they may read, or how to sign in.",
  },
  "session.close": {
    method: "DELETE",
    path: "/session",
    role: "public",
    parameters: {},
    summary: "Signs out.",
  },
  "session.begin-oidc": {
    method: "GET",
    path: "/session/oidc",
    role: "public",
    parameters: {},
    isRedirect: true,
    summary: "Leads a browser to the OpenID provider of the config.",
  },
  "session.end-oidc": {
    method: "GET",
    path: "/session/oidc/callback",
    role: "public",
    parameters: { code: z.string().optional(), state: z.string().optional() },
    isRedirect: true,
    summary: "Signs in whom the OpenID provider has sent back, and leads to the first page.",
  },
  "logs.read": {
    method: "GET",
    path: `${ATTEMPT}/log`,
    role: "viewer",
    hasValues: true,
    parameters: attemptParameters,
    type: TEXT_TYPE,
    summary:
      "Reads the log of an attempt. With the header `range`, a part of it, such as `bytes=-65536`: 206.",
  },
  "logs.follow": {
    method: "GET",
    path: `${ATTEMPT}/log/stream`,
    role: "viewer",
    hasValues: true,
    parameters: { ...attemptParameters, from: z.int().min(0).optional() },
    type: EVENTS_TYPE,
    summary:
      "Follows the log of an attempt, from a byte or from the header `last-event-id`. The id of an event is the byte at which the next one begins; `end` is the last event.",
  },
  "events.runs": {
    method: "GET",
    path: "/teams/{team}/events",
    role: "viewer",
    isAcrossTeams: true,
    parameters: { team: name, dagId: name.optional(), runId: name.optional() },
    type: EVENTS_TYPE,
    summary:
      "Names runs as they change: an event `run` with team, dagId, runId, state and revision; `resync` where some were left out.",
  },
  "entries.content": {
    method: "GET",
    path: `${RUN}/entries/{key}/content`,
    role: "viewer",
    hasValues: true,
    parameters: { ...runParameters, key: name, cache: name.optional() },
    type: BYTES_TYPE,
    summary: "Reads the bytes of an entry of a job cache.",
  },
  "entries.preview": {
    method: "GET",
    path: `${RUN}/entries/{key}/preview`,
    role: "viewer",
    hasValues: true,
    parameters: { ...runParameters, key: name, cache: name.optional() },
    type: BYTES_TYPE,
    summary:
      "Reads what a preview of an entry of a job cache shows: an image (PNG, JPEG, GIF, WebP of at most 16 MiB) with its type, or the first 64 KiB.",
  },
};
