import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunReport } from "@memodag/operations/runs";
import { Project } from "./project.ts";

const SECRET = "sesame";

const DAG = `
import { Dag, param } from "memodag";

export const dag = new Dag("vault", {
  params: {
    api_token: "sesame-default",
    region: "eu",
    db: { host: "db.example", users: [{ name: "ann", password: "sesame-nested" }] },
    dsn: "service?api_token=sesame-in-text",
    old_passwd: param({ default: "sesame-1", schema: { enum: ["sesame-1", "sesame-2"], examples: ["sesame-2"] } }),
    account: param({
      default: { secret: "sesame-3" },
      schema: {
        type: "object",
        default: { secret: "sesame-4" },
        properties: { secret: { type: "string", default: "sesame-5", anyOf: [{ const: "sesame-3" }, { const: "sesame-5" }] } },
        required: ["secret"],
      },
    }),
  },
  confSchema: { type: "object", properties: { client_secret: { type: "string", default: "sesame-6" } } },
});
const open = dag.task("open", () => "open", {
  cache: { includeInputs: ["params.api_token", "params.db", "params.old_passwd", "params.dsn"] },
});
open({});
`;

describe("secret params", () => {
  let project: Project;
  let first: RunReport;
  let run: RunReport;
  beforeAll(async () => {
    project = new Project();
    writeFileSync(join(project.folder, "dags/vault.ts"), DAG);
    first = await project.json<RunReport>("dags", "run", "vault");
    run = await project.json<RunReport>(
      "dags",
      "run",
      "vault",
      "--param",
      "api_token=sesame-given",
      "--conf",
      '{"client_secret":"sesame-conf"}',
    );
  });
  afterAll(() => project.remove());

  it("dags show has them with their values hidden, and all else as it is", async () => {
    expect(await project.json("dags", "show", "vault")).toMatchObject({
      params: {
        api_token: "***",
        region: "eu",
        db: { host: "db.example", users: [{ name: "ann", password: "***" }] },
        dsn: "***",
        old_passwd: "***",
        account: { secret: "***" },
      },
      paramSchemas: {
        old_passwd: { enum: ["***", "***"], examples: ["***"] },
        account: {
          type: "object",
          default: { secret: "***" },
          properties: {
            secret: { type: "string", default: "***", anyOf: [{ const: "***" }, { const: "***" }] },
          },
          required: ["secret"],
        },
      },
      confSchema: { type: "object", properties: { client_secret: { type: "string", default: "***" } } },
    });
  });

  it("the config says which names are secret", async () => {
    const open = new Project(
      '[core]\nsecret_patterns = "REGION"\n[[bundles]]\nname = "dags"\npath = "dags"\n',
    );
    try {
      writeFileSync(join(open.folder, "dags/vault.ts"), DAG);
      expect(await open.json("dags", "show", "vault")).toMatchObject({
        params: { api_token: "sesame-default", region: "***" },
      });
    } finally {
      open.remove();
    }
  });

  it("no command that prints of a Dag, a run or a key shows one", async () => {
    expect(run.state).toBe("success");
    const [other, key] = [first, run].map(({ tasks }) => tasks[0]?.cacheKey ?? "");
    const commands: string[][] = [
      ["dags", "show", "vault"],
      ["dags", "list"],
      ["runs", "list", "vault"],
      ["runs", "show", "vault", run.runId],
      ["tasks", "logs", "vault", run.runId, "open"],
      ["tasks", "xcom", "vault", run.runId, "open"],
      ["cache", "explain", "vault", run.runId, "open"],
      ["cache", "explain", "vault", run.runId],
      ["cache", "ls"],
      ["cache", "show", String(key)],
      ["cache", "diff", String(other), String(key)],
      ["audit", "ls"],
    ];
    for (const command of commands) {
      for (const format of [[], ["--json"]]) {
        const outcome = await project.run(...command, ...format);
        const printed = outcome.stdout + outcome.stderr;
        const told = {
          command,
          code: outcome.code,
          isEmpty: printed === "",
          printed: printed.includes(SECRET) ? printed : "",
        };
        expect(told).toEqual({ command, code: 0, isEmpty: false, printed: "" });
      }
    }
  });

  it.each([
    ["dags", "run", "vault", "--param", "old_passwd=sesame-9"],
    ["dags", "trigger", "vault", "--param", 'account={"secret":"sesame-9"}'],
    ["dags", "trigger", "vault", "--param", 'account=["sesame-9", {"secret":"sesame-9"}]'],
    ["dags", "trigger", "vault", "--conf", '{"client_secret":["sesame-9"]}'],
    [
      "dags",
      "backfill",
      "vault",
      "--conf",
      '{"client_secret":7}',
      "--from",
      "2026-01-01",
      "--to",
      "2026-01-02",
    ],
  ])("what does not fit its schema is refused without it: %s %s %s %s %s", async (...command) => {
    const { code, stdout, stderr } = await project.run(...command);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr.replaceAll('["sesame-9",{"secret":"***"}]', "")).not.toContain(SECRET);
  });

  it("a default that does not fit its schema is told of without it, by the names of the config", async () => {
    const broken = new Project(
      '[core]\nsecret_patterns = "REGION"\n[[bundles]]\nname = "dags"\npath = "dags"\n',
    );
    try {
      const params = 'region: param({ default: "sesame", schema: { type: "integer" } })';
      writeFileSync(
        join(broken.folder, "dags/vault.ts"),
        `import { Dag, param } from "memodag";\nexport const dag = new Dag("vault", { params: { ${params} } });\n`,
      );
      for (const command of [["dags", "errors"], ["doctor"]]) {
        const { stdout, stderr } = await broken.run(...command);
        expect(stdout + stderr).toContain("must be integer and is ***");
        expect(stdout + stderr).not.toContain(SECRET);
      }
    } finally {
      broken.remove();
    }
  });
});
