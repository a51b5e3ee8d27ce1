import { Dag, every, param, type DagOptions } from "@memodag/sdk";
import { serializeDag } from "@memodag/sdk/runtime";
import { describe, expect, it } from "vitest";
import { z } from "zod";

const serialize = (options: DagOptions) =>
  serializeDag(new Dag("d", options), { artifactDigest: "artifact", sourceHashes: new Map() });

describe("a schedule", () => {
  it("of an interval is one text for one interval", () => {
    expect([every("15m"), every(900), every("0.25h")]).toEqual(Array(3).fill("@every 15m"));
    expect([every("1s"), every("90s"), every("36h"), every("2w"), every("1500ms")]).toEqual([
      "@every 1s",
      "@every 90s",
      "@every 36h",
      "@every 14d",
      "@every 1500ms",
    ]);
  });

  it("begins and ends as written, with a Date in UTC", () => {
    const dag = serialize({ schedule: every("1h"), startDate: new Date(0), endDate: "2026-12-31" });
    expect(dag).toMatchObject({
      schedule: "@every 1h",
      startDate: "1970-01-01T00:00:00.000Z",
      endDate: "2026-12-31",
    });
  });

  it("and params without schemas add nothing to a serialized Dag", () => {
    const added = ["startDate", "endDate", "paramSchemas", "confSchema"];
    for (const name of added)
      expect(serialize({ schedule: "@daily", params: { depth: 3 } })).not.toHaveProperty(name);
  });
});

describe("params", () => {
  it("have their schemas apart from their defaults", () => {
    const schema = { type: "integer", minimum: 1 };
    const { params, paramSchemas } = serialize({
      params: {
        species: "Adelie",
        depth: param({ default: 3, schema }),
        seed: param({ schema: { type: "integer", default: 7 } }),
        input: param({ schema: { type: "string" } }),
        any: param({}),
      },
    });
    expect(params).toEqual({ depth: 3, seed: 7, species: "Adelie" });
    expect(paramSchemas).toEqual({
      depth: schema,
      seed: { type: "integer", default: 7 },
      input: { type: "string" },
      any: true,
    });
  });

  it("and conf take validators that say themselves as JSON schema", () => {
    const { params, paramSchemas, confSchema } = serialize({
      params: { depth: z.int().min(1).default(3), size: param({ default: 1, schema: z.number() }) },
      confSchema: z.strictObject({ region: z.enum(["eu", "us"]).optional() }),
    });
    expect(params).toEqual({ depth: 3, size: 1 });
    expect(paramSchemas).toMatchObject({ depth: { type: "integer", minimum: 1 }, size: { type: "number" } });
    expect(confSchema).toMatchObject({
      properties: { region: { enum: ["eu", "us"] } },
      additionalProperties: false,
    });
  });
});
