import { systemClock } from "@memodag/core";
// A run that is made while the database goes away is made once, whenever the answer is lost.

import { openMetastore } from "@memodag/metastore";
import { createTestDatabase, TEST_DIALECTS } from "@memodag/metastore/testing";
import { describe, expect, it } from "vitest";
import { makeRunOnce } from "@memodag/operations/runs";
import { Project } from "./project.ts";

const lost = (): Error => new Error("Connection terminated: no answer for 9 s on this connection");

describe.each(TEST_DIALECTS)("a run that is made while the database goes away, on %s", (dialect) => {
  it.each(["before", "after", "long after"])(
    "is made once, where that is %s it is written",
    async (when) => {
      await using database = await createTestDatabase(dialect);
      const project = new Project(
        `[database]\nurl = ${JSON.stringify(database.url)}\n[[bundles]]\nname = "dags"\npath = "dags"\n`,
      );
      const metastore = await openMetastore(database.url);
      try {
        await metastore.migrate();
        // On PostgreSQL it reads the files; nothing else here does.
        await project.run("dags", "run", "shapes");
        const { runs } = metastore;
        const earlier = await runs.listRuns({ limit: 9 });
        const [version] = await metastore.dags.findDagVersions("shapes", "default");
        if (!version) throw new Error("the Dag was not read");
        const calls = { create: 0, find: 0 };
        const faulty = new Proxy(runs, {
          get(target, name) {
            if (name === "findRun")
              return async (...words: Parameters<typeof runs.findRun>) => {
                calls.find += 1;
                // The first look comes before the commit.
                return when === "long after" && calls.find === 1 ? undefined : await target.findRun(...words);
              };
            if (name !== "createRun") return Reflect.get(target, name);
            return async (...words: Parameters<typeof runs.createRun>) => {
              calls.create += 1;
              if (calls.create === 1 && when === "before") throw lost();
              const made = await target.createRun(...words);
              if (calls.create === 1) throw lost();
              return made;
            };
          },
        });
        const cacheMode = "use" as const;
        const request = { version, conf: {}, params: {}, logicalDate: 1_700_000_000_000, cacheMode };
        const options = { clock: systemClock, pause: async () => undefined, note: () => undefined };
        const run = await makeRunOnce({ runs: faulty, clock: systemClock }, request, options);
        expect(await runs.listRuns({ limit: 9 })).toEqual([run, ...earlier]);
        expect(calls.create).toBe(when === "after" ? 1 : 2);
        // Another one of that date is refused, as ever.
        await expect(makeRunOnce({ runs, clock: systemClock }, request, options)).rejects.toMatchObject({
          code: "dag_run_exists",
        });
      } finally {
        await metastore.close();
        project.remove();
      }
    },
    60_000,
  );
});
