import { readFileSync } from "node:fs";
import { createTestDatabase } from "@memodag/metastore/testing";
import { describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import { whenWritten } from "./signal-files.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const PASSWORD = "open-sesame-7f3a";

/** Looks for the password in what every process was started with: when the file is loaded, and in a task. */
const dagText = `import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { Dag } from "memodag";

function findLeaks(): string[] {
  const leaks = Object.keys(process.env).filter((name) => name === "PGPASSWORD" || name.startsWith("MEMODAG__"));
  const password = ["open-sesame", "7f3a"].join("-");
  for (const pid of readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name))) {
    for (const part of ["environ", "cmdline"]) {
      try {
        const text = readFileSync("/proc/" + pid + "/" + part, "utf8");
        if (text.includes(password)) leaks.push(part + " of " + readFileSync("/proc/" + pid + "/cmdline", "utf8"));
      } catch {
        // Another user's, or gone.
      }
    }
  }
  return leaks;
}

writeFileSync("../loader.json", JSON.stringify(findLeaks()));
export const dag = new Dag("leaks");
dag.task("look", () => {
  writeFileSync("../task.json", JSON.stringify(findLeaks()));
})({});
`;

type Variables = (url: string) => Record<string, string>;

const inUrls: Variables = (url) => ({ MEMODAG__DATABASE__URL: url, MEMODAG__TASK_CACHE__URL: url });
const inPassword: Variables = () => ({ PGPASSWORD: PASSWORD });

async function makeWorkspace(databaseUrl: string, variables: Variables): Promise<Workspace> {
  const url = new URL(databaseUrl);
  url.searchParams.set("password", PASSWORD);
  const workspace = new Workspace({ databaseUrl, env: variables(url.href), dags: { "leaks.ts": dagText } });
  await workspace.memodag(["db", "migrate"]);
  return workspace;
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

describe("a password that memodag is given by its environment", () => {
  it.each([
    ["urls", inUrls],
    ["PGPASSWORD", inPassword],
  ])("in %s is read by no task and no Dag file of a run", async (_, variables) => {
    await using database = await createTestDatabase("postgres");
    const workspace = await makeWorkspace(database.url, variables);
    try {
      const { code, stderr } = await workspace.memodag(["dags", "run", "leaks"]);
      expect(stderr).not.toContain("can be read");
      expect(code).toBe(0);
      expect(readJson(workspace.path("loader.json"))).toEqual([]);
      expect(readJson(workspace.path("task.json"))).toEqual([]);
    } finally {
      await workspace.remove();
    }
  });

  it("is known to the Dag processor of `dev`, and read by no task and no Dag file", async () => {
    await using database = await createTestDatabase("postgres");
    const workspace = await makeWorkspace(database.url, inUrls);
    try {
      const dev = workspace.start("dev");
      await dev.says("leaks.ts");
      expect(await workspace.memodag(["dags", "trigger", "leaks"])).toMatchObject({ code: 0 });
      expect(JSON.parse(await whenWritten(workspace.path("task.json")))).toEqual([]);
      expect(readJson(workspace.path("loader.json"))).toEqual([]);
      expect(await dev.end("SIGTERM")).toBe(0);
    } finally {
      await workspace.remove();
    }
  });
});
