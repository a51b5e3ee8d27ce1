import { DEFAULT_SECRET_PATTERNS, secretTest, type SerializedDag } from "@memodag/core";
import { Dag, every, param, type DagOptions } from "@memodag/sdk";
import { serializeDag } from "@memodag/sdk/runtime";
import { describe, expect, it } from "vitest";
import { checkDag } from "../src/loading/check-dag.ts";
import { Project } from "./project.ts";

const isSecret = secretTest(DEFAULT_SECRET_PATTERNS);

const serialize = (options: DagOptions): SerializedDag =>
  serializeDag(new Dag("d", options), { artifactDigest: "artifact", sourceHashes: new Map() });

describe("a Dag that is read", () => {
  it.each<[DagOptions, string]>([
    [
      { schedule: "61 * * * *" },
      'Dag "d": schedule is "61 * * * *", which is not a cron expression (Invalid value for minute: 61): ' +
        'use five fields such as "0 6 * * *", one of @hourly, @daily, @weekly, @monthly, @yearly, @once, ' +
        'or every("15m")',
    ],
    [{ schedule: "@every 10ms" }, 'Dag "d": schedule is "@every 10ms", under a second: use'],
    [{ timezone: "Paris" }, 'Dag "d": timezone is "Paris", which is not a time zone: use an IANA name'],
    [
      { startDate: "2026-02-01", endDate: "2026-01-01" },
      'Dag "d": endDate is 2026-01-01, before startDate, 2026-02-01: use a later date, or leave it out',
    ],
    [
      { params: { depth: param({ default: 0, schema: { type: "integer", minimum: 1 } }) } },
      'Dag "d": the default of params.depth must be >= 1 and is 0: change it, or the schema',
    ],
    [
      { params: { depths: param({ default: [1, "2"], schema: { items: { type: "integer" } } }) } },
      'Dag "d": the default of params.depths, at $[1], must be integer and is "2": change it, or the schema',
    ],
    [
      { params: { depth: param({ schema: { type: "integer", minimun: 1 } }) } },
      'Dag "d": params.depth has a schema that is not a JSON schema of draft 2020-12: strict mode: unknown ' +
        'keyword: "minimun": correct the schema',
    ],
    [
      { schedule: every("1h"), params: { depth: param({ schema: { type: "integer" } }) } },
      'Dag "d": params.depth has no default, which scheduled runs need: add a default, or ' +
        "remove the schedule",
    ],
    [
      { schedule: "@daily", confSchema: { required: ["region"] } },
      "Dag \"d\": the empty conf of scheduled runs must have required property 'region' and is {}: change",
    ],
  ])("is refused with %j", async (options, message) => {
    await expect(checkDag(serialize(options), isSecret)).rejects.toMatchObject({
      code: "dag_invalid",
      message: expect.stringContaining(message),
    });
  });

  it("is taken with all of it right", async () => {
    const schema = { type: "integer", minimum: 1 };
    const all = serialize({
      schedule: "30 2 * * MON",
      timezone: "Europe/Paris",
      startDate: "2026-01-01",
      params: { depth: param({ default: 3, schema }) },
      confSchema: { properties: { region: { type: "string" } } },
    });
    await expect(checkDag(all, isSecret)).resolves.toBeUndefined();
    const needed = serialize({ params: { depth: param({ schema }) } });
    await expect(checkDag(needed, isSecret)).resolves.toBeUndefined();
  });

  it("is refused without its secret defaults, which a name or a schema marks", async () => {
    const value = "hunter2";
    const marked = [
      { api_token: param({ default: value, schema: { type: "integer" } }) },
      { pin: param({ default: value, schema: { type: "integer", writeOnly: true } }) },
      { pin: param({ default: value, schema: { type: "string", format: "password", maxLength: 1 } }) },
      { pin: param({ default: value, schema: { enum: ["hunter3"], writeOnly: true } }) },
    ];
    for (const params of marked) {
      const refused = checkDag(serialize({ params }), isSecret);
      await expect(refused).rejects.toMatchObject({ message: expect.stringMatching(/ and is \*\*\*:/) });
      await expect(refused).rejects.not.toMatchObject({ message: expect.stringMatching(/hunter/) });
    }
  });

  it("is told with its line in the Dag file", async () => {
    const project = await Project.create();
    try {
      await project.write(
        "dags/nightly.ts",
        'import { Dag } from "memodag";\n\nexport const dag = new Dag("nightly", { schedule: "0 25 * * *" });\n',
      );
      const { files } = await project.process({ loadTimeoutMs: 10_000 });
      expect(files).toMatchObject([
        {
          kind: "broken",
          error: {
            file: "nightly.ts",
            line: 3,
            message: expect.stringContaining('schedule is "0 25 * * *", which is not a cron expression'),
          },
        },
      ]);
    } finally {
      await project.remove();
    }
  });
});
