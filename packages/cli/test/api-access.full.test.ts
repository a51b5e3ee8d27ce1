// Every route of the REST API, asked by everyone who must not be served, and by those who must be.

import {
  acrossTeams,
  API_PREFIX,
  EVENTS_TYPE,
  OWN_ROUTES,
  ROUTES,
  type ApiProblemBody,
  type OwnRoute,
  type Route,
} from "@memodag/api-contract";
import { API_ROLES, type ApiRole } from "@memodag/core";
import { createTestDatabase, TEST_DIALECTS, type TestDatabase } from "@memodag/metastore/testing";
import type { RecordReport } from "@memodag/operations/cache";
import type { RunReport } from "@memodag/operations/runs";
import type { MadeApiToken } from "@memodag/operations/tokens";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withApi } from "./project-api.ts";
import { Project } from "./project.ts";

/** A route with its path, whoever it is of. */
interface Asked {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly role: ApiRole | "public" | "signed-in";
  readonly hasValues: boolean;
}

const ASKED: readonly Asked[] = [
  ...(Object.entries(ROUTES) as [string, Route][]).flatMap(([name, route]) =>
    [route.path, ...(route.isAcrossTeams ? [acrossTeams(route.path)] : [])].map((path) => ({
      name,
      method: route.method,
      path,
      role: route.isForEverybody ? ("signed-in" as const) : route.role,
      hasValues: route.hasValues === true,
    })),
  ),
  ...(Object.entries(OWN_ROUTES) as [string, OwnRoute][]).flatMap(([name, route]) =>
    [route.path, ...(route.isAcrossTeams ? [acrossTeams(route.path)] : [])].map((path) => ({
      name,
      method: route.method,
      path,
      role: route.role,
      hasValues: route.hasValues === true,
    })),
  ),
];

const OF_TEAM = ASKED.filter(({ path }) => path.startsWith("/teams/"));
const OF_ALL = ASKED.filter(({ path, role }) => !path.startsWith("/teams/") && role !== "public");

function isIn(role: string, list: readonly string[]): role is ApiRole {
  return list.includes(role);
}

describe.each(TEST_DIALECTS)("the API of two teams, on %s", (dialect) => {
  let database: TestDatabase;
  let project: Project;
  /** Fields of paths, of ants. */
  let names: Readonly<Record<string, string>>;
  const tokens = new Map<string, string>();

  beforeAll(async () => {
    database = await createTestDatabase(dialect);
    const bundle = (team: string) => `[[bundles]]\nname = "${team}"\npath = "dags"\nteam = "${team}"\n`;
    project = new Project(
      `core.multi_team = true\ndatabase.url = ${JSON.stringify(database.url)}\n${bundle("ants")}${bundle("bees")}`,
    );
    await project.run("db", "migrate");
    const { runId } = await project.json<RunReport>("dags", "run", "shapes", "--team", "ants");
    const [record] = await project.json<RecordReport[]>("cache", "ls", "--team", "ants");
    names = {
      dagId: "shapes",
      runId,
      taskId: "draw",
      mapIndex: "0",
      tryNumber: "1",
      key: record?.key ?? "",
      name: "rates",
      id: "1",
      worker: "w",
    };
    for (const team of ["ants", "bees", "*"])
      for (const role of API_ROLES)
        for (const values of ["--values", "--no-values"]) {
          const { token } = await project.json<MadeApiToken>(
            "tokens",
            "make",
            "--name",
            `${role} of ${team}`,
            "--role",
            role,
            ...(team === "*" ? [] : ["--team", team]),
            ...(values === "--values" ? [] : [values]),
          );
          tokens.set(`${team} ${role} ${values}`, token);
        }
  });
  afterAll(async () => {
    project.remove();
    await database.drop();
  });

  interface Answer {
    readonly status: number;
    readonly text: string;
  }

  async function ask(
    url: string,
    { method, path }: Asked,
    team: string,
    token: string | undefined,
  ): Promise<Answer> {
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, field: string) =>
      field === "team" ? team : encodeURIComponent(names[field] ?? ""),
    );
    const hasBody = !["GET", "DELETE"].includes(method);
    const answer = await fetch(`${url}${API_PREFIX}${filled}`, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(hasBody && { "content-type": "application/json" }),
      },
      // No field of an input is of this name: what is allowed is refused for it, and changes nothing.
      ...(hasBody && { body: '{"nothing":0}' }),
      signal: AbortSignal.timeout(30_000),
    });
    const isStream = answer.headers.get("content-type") === EVENTS_TYPE;
    if (isStream) await answer.body?.cancel();
    return { status: answer.status, text: isStream ? "" : await answer.text() };
  }

  it("is there for nobody without credentials, but for what is public", async () => {
    await withApi(project, async ({ url }) => {
      for (const asked of ASKED.filter(({ role }) => role !== "public"))
        for (const token of [undefined, "mdg_0123456789abcdef_" + "A".repeat(43), "nonsense"])
          expect({ ...asked, ...(await ask(url, asked, "ants", token)) }).toMatchObject({ status: 401 });
    });
  });

  it("has nothing of a team for those of another one, who cannot tell whether there is one", async () => {
    await withApi(project, async ({ url }) => {
      for (const asked of OF_TEAM) {
        const token = tokens.get("bees admin --values");
        const [ofAnts, ofNone] = [
          await ask(url, asked, "ants", token),
          await ask(url, asked, "nobody", token),
        ];
        expect({ ...asked, ...ofAnts }).toMatchObject({ status: 404 });
        const body = (text: string) => ({ ...(JSON.parse(text) as ApiProblemBody), instance: "" });
        expect(body(ofAnts.text)).toEqual(body(ofNone.text));
      }
      for (const asked of OF_ALL.filter(({ role }) => role !== "signed-in"))
        expect({
          ...asked,
          ...(await ask(url, asked, "", tokens.get("bees admin --values"))),
        }).toMatchObject({ status: 403 });
    });
  });

  it.each(API_ROLES)("lets a %s do what the role may, and no more", async (role) => {
    await withApi(project, async ({ url }) => {
      for (const asked of [...OF_TEAM, ...OF_ALL].filter((one) => isIn(one.role, API_ROLES))) {
        const team = asked.path.startsWith("/teams/") ? "ants" : "*";
        const { status } = await ask(url, asked, "ants", tokens.get(`${team} ${role} --values`));
        const isAllowed = API_ROLES.indexOf(role) >= API_ROLES.indexOf(asked.role as ApiRole);
        const isRefused = status === 401 || status === 403;
        expect({ ...asked, isRefused, isBug: status >= 500 }).toEqual({
          ...asked,
          isRefused: !isAllowed,
          isBug: false,
        });
      }
    });
  });

  it("withholds values from tokens without them", async () => {
    await withApi(project, async ({ url }) => {
      for (const asked of ASKED.filter(({ hasValues }) => hasValues))
        expect({
          ...asked,
          ...(await ask(url, asked, "ants", tokens.get("* admin --no-values"))),
        }).toMatchObject({ status: 403 });
    });
  });
});
