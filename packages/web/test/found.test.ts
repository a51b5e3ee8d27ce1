import { expect, test } from "vitest";
import { findItems } from "../src/palette/found.ts";

const nothing = { dags: [], tasks: [], runs: [], entry: undefined };
type Dag = Parameters<typeof findItems>[1]["dags"][number];
type Run = Parameters<typeof findItems>[1]["runs"][number];

test("without a query the palette has Dags and pages, and with one what matches", () => {
  const dags = [{ team: "ml", dagId: "a/b?c" } as Dag];
  const all = findItems("", { ...nothing, dags });
  expect(all[0]).toMatchObject({ kind: "Dag", to: "/teams/ml/dags/a%2Fb%3Fc" });
  expect(all.length).toBeGreaterThan(10);
  expect(findItems("kill", { ...nothing, dags }).map(({ to }) => to)).toEqual(["/cache/health"]);
});

test("an entry comes first, then what is named so, then runs", () => {
  const found = {
    dags: [{ team: "ml", dagId: "cafe01" } as Dag],
    tasks: [{ team: "ml", dagId: "x", taskId: "cafe01" }],
    runs: [{ team: "ml", dagId: "cafe01", runId: "r#1", state: "success" } as Run],
    entry: { team: "ml", key: `cafe01${"0".repeat(58)}`, dagId: "d", taskId: "t" },
  };
  expect(findItems("cafe01", found).map(({ kind, to }) => [kind, to])).toEqual([
    ["entry", `/teams/ml/cache/cafe01${"0".repeat(58)}`],
    ["Dag", "/teams/ml/dags/cafe01"],
    ["task", "/cache/entries?team=ml&dag=x&task=cafe01"],
    ["run", "/teams/ml/dags/cafe01/runs/r%231"],
  ]);
});
