// Dag files as Airflow's TypeScript SDK 1.0.0 has them, but for the import line: one exports its Dag, one serves it.

import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const ORDERS = `import { Dag, getClient, triggerDagRun } from "memodag";

interface Shop { readonly shop: string; readonly orders: number }

export const dag = new Dag("orders", {
  schedule: "@daily", catchup: false, startDate: new Date("2026-01-01"), maxActiveRuns: 1,
  tags: ["shops"], description: "What the shops sold", queue: "typescript",
});

const shops = dag.taskGroup("shops");
const paris = shops.task("paris", async (): Promise<Shop> => {
  const orders = await getClient().getVariable("paris_orders");
  return { shop: "paris", orders: Number(orders ?? 3) };
});
const lyon = shops.task("lyon", async (): Promise<Shop> => ({ shop: "lyon", orders: 4 }));

const sum = dag.task(async function sum({ a, b }: { a: Shop; b: Shop }) {
  await getClient().setXCom({ key: "shops", value: [a.shop, b.shop] });
  return { total: a.orders + b.orders };
}, { retries: 2, retryDelay: 1, executionTimeout: 60, queue: "sums" });
const summed = sum({ a: paris(), b: lyon() });

async function has_orders({ sums }: { sums: { total: number } }): Promise<boolean> { return sums.total > 0; }
const store = dag.task("store", async () => await getClient().getXCom<string[]>({ key: "shops", taskId: "sum" }));
const warn = dag.task("warn", async () => "nothing was sold");
const stored = store();
const warned = warn();
dag.if(has_orders, { sums: summed }).then(stored).else(warned);

const short = dag.task("short", async () => "short")();
const long = dag.task("long", async () => "long")();
dag.switch(
  async ({ sums }: { sums: { total: number } }) => (sums.total > 100 ? long : short),
  { sums: summed },
  { taskId: "pick", retries: 1 },
).case(short).case(long);

const cleaned = dag.task("clean", async () => undefined, { triggerRule: "all_done" })();
cleaned.after(stored, warned, short, long);
shops.before(cleaned);
dag.task(triggerDagRun({ dagId: "tell", conf: { by: "orders" }, waitForCompletion: true, deferrable: true }), {
  taskId: "tell",
})().after(cleaned);
`;

const TELL = `import { Bundle, Dag, getContext } from "memodag";

const dag = new Dag("tell");
dag.task("say", async () => getContext().dagRun.conf.by)();

const bundle = new Bundle();
bundle.register(dag);
await bundle.serve();
`;

let workspace: Workspace;
beforeAll(() => {
  workspace = new Workspace({
    config: '[[variables]]\nname = "paris_orders"\nvalue = "5"\n',
    dags: { "orders.ts": ORDERS, "tell.ts": TELL },
  });
});
afterAll(async () => await workspace.remove());

it("a Dag of Airflow's TypeScript SDK runs with another import line", async () => {
  const run = await workspace.json<RunReport>("dags", "run", "orders");
  expect(run.state).toBe("success");
  expect(Object.fromEntries(run.tasks.map(({ taskId, state }) => [taskId, state]))).toEqual({
    "shops.paris": "success",
    "shops.lyon": "success",
    sum: "success",
    has_orders: "success",
    store: "success",
    warn: "skipped",
    pick: "success",
    short: "success",
    long: "skipped",
    clean: "success",
    tell: "success",
  });
  const valueOf = async (taskId: string) =>
    await workspace.json("tasks", "xcom", "orders", run.runId, taskId);
  expect(await valueOf("sum")).toEqual({ return_value: { total: 9 }, shops: ["paris", "lyon"] });
  expect(await valueOf("store")).toEqual({ return_value: ["paris", "lyon"] });
  expect(await workspace.json("runs", "list", "tell")).toMatchObject([{ state: "success" }]);
});
