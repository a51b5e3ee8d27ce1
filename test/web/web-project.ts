// A project with a Dag whose runs have hits, misses and a failure, and the real server of its pages.

import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { Workspace } from "../e2e/workspace.ts";

const DAGS = {
  "shop.ts": `import { Dag, getContext } from "memodag";
export const dag = new Dag("shop", {
  description: "Orders of a shop, and how they are priced",
  params: { seed: 1, isBroken: false },
  tags: ["example"],
});
const load = dag.task("load", () => [3, 1, 2], { cache: true });
const price = dag.task("price", ({ count }: { count: number }) => count * 10, {
  cache: { includeInputs: ["params.seed"] },
});
const sum = dag.task("sum", ({ prices }: { prices: number[] }) => {
  if (getContext().params["isBroken"] === true) throw new Error("the till is empty");
  return prices.reduce((total, one) => total + one, 0);
});
const report = dag.task("report", ({ total }: { total: number }) => \`sum: \${total}\`, { cache: true });
report({ total: sum({ prices: price.expand({ count: load() }) }) });
`,
  "nightly.ts": `import { Dag } from "memodag";
export const dag = new Dag("nightly", { schedule: "0 3 * * *", catchup: false });
dag.task("sweep", () => "done")();
`,
};

/** A project whose pages are served. */
export interface WebProject {
  readonly workspace: Workspace;
  /** Where the pages are. */
  readonly url: string;
  /** Makes a link that signs in, once. */
  makeLink(): Promise<string>;
  close(): Promise<void>;
}

/** Runs the Dag: once with all to do, then with all remembered, then with one param changed, then with a failure. */
export async function openWebProject(): Promise<WebProject> {
  const port = await findFreePort();
  const workspace = new Workspace({ config: `[api]\nport = ${port}\n`, dags: DAGS });
  const runs = [[], [], ["--param", "seed=2"], ["--param", "seed=2", "--param", "isBroken=true"]];
  for (const options of runs) await workspace.memodag(["dags", "run", "shop", ...options]);
  await workspace.start("api-server").says("the API listens");
  return {
    workspace,
    url: `http://127.0.0.1:${port}`,
    makeLink: async () => (await workspace.json<{ url: string }>("ui")).url,
    close: () => workspace.remove(),
  };
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
