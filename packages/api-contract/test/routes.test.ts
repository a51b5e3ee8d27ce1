import { OPERATIONS, type OperationName } from "@memodag/operations/contract";
import { acrossTeams, OWN_ROUTES, pathFields, ROUTES, toRequest, type Route } from "@memodag/api-contract";
import { openApiDocument } from "@memodag/api-contract/openapi";
import * as z from "zod";
import { describe, expect, it } from "vitest";

const ALL = Object.entries(ROUTES) as [OperationName, Route][];

function fieldsOf(name: OperationName): string[] {
  const { properties = {} } = z.toJSONSchema(OPERATIONS[name].input, { io: "input" });
  return Object.keys(properties);
}

describe("the routes of operations", () => {
  it.each(ALL)("of %s takes fields of its input in its path", (name, { path }) => {
    expect(fieldsOf(name)).toEqual(expect.arrayContaining(pathFields(path)));
  });

  it.each(ALL)(
    "of %s reads with GET, or with a body that it says, and needs more than a viewer to act",
    (name, { method, role, isAskedInBody = false }) => {
      const isRead = OPERATIONS[name].kind === "read";
      expect(method === "GET" || isAskedInBody).toBe(isRead);
      expect(isRead || role !== "viewer").toBe(true);
    },
  );

  it.each(ALL.filter(([, { path }]) => !path.startsWith("/teams/")))(
    "of %s is not about a team that it does not name",
    (name) => expect(fieldsOf(name).filter((field) => field === "dagId" || field === "runId")).toEqual([]),
  );

  it("are each at one address", () => {
    const addresses = [...ALL.map(([, route]) => route), ...Object.values(OWN_ROUTES)].map(
      ({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, "{}")}`,
    );
    expect(addresses.filter((address, index) => addresses.indexOf(address) !== index)).toEqual([]);
  });
});

describe("the request for an input", () => {
  it("has names in the path, encoded, and the rest in the query", () => {
    const input = { team: "ml", dagId: "a/b", runId: "r 1", limit: 3, states: ["a", "b"], none: undefined };
    expect(toRequest({ ...ROUTES["tasks.list"] }, input)).toEqual({
      path: "/teams/ml/dags/a%2Fb/runs/r%201/instances",
      query: [
        ["limit", "3"],
        ["states", "a"],
        ["states", "b"],
      ],
      body: undefined,
    });
  });

  it("has the rest in the body of an act", () => {
    expect(toRequest(ROUTES["dags.pause"], { team: "ml", dagId: "d", isPaused: true })).toEqual({
      path: "/teams/ml/dags/d",
      query: [],
      body: { isPaused: true },
    });
  });

  it("is for all teams where the input names none", () => {
    expect(toRequest(ROUTES["runs.list"], {}).path).toBe("/runs");
    expect(acrossTeams(ROUTES["runs.list"].path)).toBe("/runs");
    expect(() => toRequest(ROUTES["runs.show"], { dagId: "d", runId: "r" })).toThrow('needs "team"');
  });
});

it("the document names every route, and refers to nothing that it has not", () => {
  const document = openApiDocument("0.1.0");
  const text = JSON.stringify(document);
  for (const { path } of [...Object.values(ROUTES), ...Object.values(OWN_ROUTES)])
    expect(document["paths"]).toHaveProperty([path]);
  for (const [, place = ""] of text.matchAll(/"\$ref":"#\/([^"]+)"/g))
    expect(document).toHaveProperty(place.split("/"));
});
