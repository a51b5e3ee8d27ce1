// The OpenAPI 3.1 document of the API.

import type { JsonObject, JsonValue } from "@memodag/core";
import { OPERATIONS } from "@memodag/operations/contract";
import type * as z from "zod";
import {
  JSON_TYPE,
  OWN_ROUTES,
  problem,
  PROBLEM_TYPE,
  type OwnRoute,
  type OwnRouteName,
} from "../own-routes.ts";
import { acrossTeams, API_PREFIX, hasQuery, pathFields, type Route } from "../route.ts";
import { ROUTES, type RoutedName } from "../routes.ts";
import { schemaOf, type SchemaComponents } from "./schemas.ts";

/** Problems that every route may answer. */
const PROBLEMS: Readonly<Record<number, string>> = {
  400: "The request cannot be read",
  401: "The request is not signed in, or its token is not valid",
  403: "The role does not suffice",
  404: "It is not there, or not for those who ask",
  409: "It is in a state in which this cannot be done",
  413: "The body is too large",
  415: "The body is of another type",
  421: "The server is not asked by this name",
  422: "The input is not valid",
  429: "There were too many requests",
  500: "A bug, which is in the log of the server",
  503: "A store is not available; try again later",
};

/** The first words of operations. */
type Tag = RoutedName | OwnRouteName extends `${infer Group}.${string}` ? Group : never;

const TAGS: Readonly<Record<Tag, string>> = {
  api: "What the server says of itself.",
  approvals: "Requests of tasks to people.",
  audit: "Who did what.",
  cache: "Results that the scheduler remembers.",
  caches: "Caches that the config names.",
  dags: "Dags, and making runs of them.",
  db: "The metadata database.",
  entries: "Entries of job caches.",
  events: "What changes, as it changes.",
  logs: "Logs of attempts.",
  pools: "Pools of slots.",
  processes: "Processes of services.",
  queues: "Queues of workers on other machines.",
  runs: "Runs of Dags.",
  session: "Signing in and out.",
  tasks: "Task instances.",
  tokens: "Tokens of this API.",
  workers: "Workers on other machines, and their tokens.",
};

const PROBLEM_REF = { $ref: "#/components/schemas/Problem" };

/** Returns the document. */
export function openApiDocument(version: string): JsonObject {
  const components: SchemaComponents = {};
  components["Problem"] = schemaOf(problem, "output", components);
  const paths: Record<string, Record<string, JsonValue>> = {};
  const add = (path: string, method: string, item: JsonObject): void => {
    paths[path] = { ...paths[path], [method.toLowerCase()]: item };
  };
  for (const [name, route] of Object.entries(OWN_ROUTES as Readonly<Record<string, OwnRoute>>))
    for (const path of route.isAcrossTeams ? [route.path, acrossTeams(route.path)] : [route.path])
      add(path, route.method, ownItem(name, { ...route, path }, components));
  for (const [name, route] of Object.entries(ROUTES) as [RoutedName, Route][]) {
    add(route.path, route.method, operationItem(name, route, route.path, components));
    if (!route.isAcrossTeams) continue;
    const path = acrossTeams(route.path);
    add(path, route.method, operationItem(name, route, path, components));
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "memodag",
      version,
      summary: "A DAG orchestrator whose scheduler remembers results",
      description: "Every answer is that of the command of the same name with `--json`.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: API_PREFIX }],
    security: [{ token: [] }, { session: [] }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: components,
      responses: Object.fromEntries(
        Object.entries(PROBLEMS).map(([status, description]) => [
          `Problem${status}`,
          { description, content: { [PROBLEM_TYPE]: { schema: PROBLEM_REF } } },
        ]),
      ),
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "A token of `memodag tokens make`" },
        session: { type: "apiKey", in: "cookie", name: "memodag_session" },
      },
    },
  };
}

function operationItem(
  name: RoutedName,
  route: Route,
  path: string,
  components: SchemaComponents,
): JsonObject {
  const { input, output } = OPERATIONS[name];
  const fields = schemaOf(input as z.ZodType, "input", components);
  const properties = { ...(fields["properties"] as Readonly<Record<string, JsonObject>> | undefined) };
  const inPath = pathFields(path);
  const isAll = path !== route.path;
  const named: JsonObject[] = inPath.map((field) => inPathOf(field, properties[field] ?? { type: "string" }));
  // Without a team in the path, it is about all of them.
  for (const field of isAll ? [...inPath, "team"] : inPath) delete properties[field];
  const required = ((fields["required"] as string[] | undefined) ?? []).filter(
    (field) => field in properties,
  );
  const parameters = hasQuery(route) ? [...named, ...queryOf(properties, required)] : named;
  const schema = { type: "object", properties, required, additionalProperties: false };
  const status = route.isLong ? "202" : route.isMaking ? "201" : "200";
  return {
    operationId: isAll ? `${name}.all` : name,
    summary: route.summary,
    tags: [tagOf(name)],
    parameters,
    ...(!hasQuery(route) && {
      requestBody: { required: true, content: { [JSON_TYPE]: { schema } } },
    }),
    responses: {
      [status]: {
        description: route.isLong ? "It has begun: its entry in the audit trail" : "Done",
        ...(route.isLong && {
          headers: { location: { description: "Where the outcome is", schema: { type: "string" } } },
        }),
        content: {
          [JSON_TYPE]: {
            schema: route.isLong ? LONG_ANSWER : schemaOf(output as z.ZodType, "output", components),
          },
        },
      },
      ...(route.isLong && {
        200: {
          description: "Done at once: it has changed nothing, and has no entry",
          content: { [JSON_TYPE]: { schema: schemaOf(output as z.ZodType, "output", components) } },
        },
      }),
      ...problemsOf(),
    },
  };
}

/** The answer of a route that takes long. */
const LONG_ANSWER: JsonObject = {
  type: "object",
  properties: { id: { type: "integer" }, location: { type: "string" } },
  required: ["id", "location"],
  additionalProperties: false,
};

function ownItem(
  name: string,
  { path, summary, parameters, body, type, answer, isRedirect, role, isAcrossTeams }: OwnRoute,
  components: SchemaComponents,
): JsonObject {
  const inPath = pathFields(path);
  const properties = Object.fromEntries(
    Object.entries(parameters).map(([field, schema]) => [field, schemaOf(schema, "input", components)]),
  );
  const inQuery = Object.fromEntries(
    Object.entries(properties).filter(([field]) => !inPath.includes(field) && field !== "team"),
  );
  const content = type !== undefined && {
    [type]: { schema: answer ? schemaOf(answer, "output", components) : { type: "string" } },
  };
  return {
    operationId: isAcrossTeams && !inPath.includes("team") ? `${name}.all` : name,
    summary,
    tags: [tagOf(name)],
    ...(role === "public" && { security: [] }),
    parameters: [...inPath.map((field) => inPathOf(field, properties[field] ?? {})), ...queryOf(inQuery, [])],
    ...(body && {
      requestBody: {
        required: true,
        content: { [JSON_TYPE]: { schema: schemaOf(body, "input", components) } },
      },
    }),
    responses: {
      ...(content
        ? { 200: { description: "Done", content } }
        : { [isRedirect ? 302 : 204]: { description: "Done" } }),
      ...(name === "logs.read" && {
        206: { description: "A part of it", ...(content && { content }) },
        416: { $ref: "#/components/responses/Problem422" },
      }),
      ...problemsOf(),
    },
  };
}

function inPathOf(name: string, schema: JsonObject): JsonObject {
  return { name, in: "path", required: true, schema };
}

function queryOf(
  properties: Readonly<Record<string, JsonObject>>,
  required: readonly string[],
): JsonObject[] {
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
}

function problemsOf(): JsonObject {
  return {
    ...Object.fromEntries(
      Object.keys(PROBLEMS).map((status) => [status, { $ref: `#/components/responses/Problem${status}` }]),
    ),
    431: { description: "The address and the headers are too long together: more than 16 KiB" },
  };
}

function tagOf(name: string): string {
  return name.split(".")[0] ?? name;
}
