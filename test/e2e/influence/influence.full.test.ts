// Whatever a result depends on, by whichever way: an edit of it is never followed by a wrong hit.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { PATIENT } from "../patience.ts";
import type { RunReport } from "../run-report.ts";
import { Workspace } from "../workspace.ts";
import { EDITS, prepare, type Variables } from "./edits.ts";
import { CODE_WAYS, collectedIn, dagOf, DECLARED_WAYS, LOADING_WAYS, UNDECLARED_WAYS } from "./ways.ts";

vi.setConfig({ ...PATIENT, testTimeout: 1_800_000 });

/** What each task returned, and what its cache status was. */
interface Seen {
  readonly values: Readonly<Record<string, unknown>>;
  readonly statuses: ReadonlyMap<string, string | null>;
}

/** What an edit and a run came to for one way. */
interface Triple {
  readonly name: string;
  readonly verdict: "wrong hit" | "right hit" | "ran" | "needless miss" | "not stored";
}

const READER = `import { readByPackage, variableByPackage } from "influence-reader";`;
const DAGS = [
  { dagId: "undeclared", text: dagOf("undeclared", UNDECLARED_WAYS, READER) },
  { dagId: "declared", text: dagOf("declared", DECLARED_WAYS, READER) },
  { dagId: "code", text: dagOf("code", CODE_WAYS) },
  ...LOADING_WAYS.map((way) => ({ dagId: way.name, text: dagOf(way.name, [way]) })),
];

const WAYS = [UNDECLARED_WAYS, DECLARED_WAYS, CODE_WAYS, LOADING_WAYS].flat().length;

const AT_ONCE = 3;

let workspace: Workspace;

beforeAll(async () => {
  workspace = new Workspace({
    config: "[core]\nparallelism = 4\n",
    dags: Object.fromEntries(DAGS.map(({ dagId, text }) => [`${dagId}.ts`, text])),
  });
});

afterAll(async () => await workspace.remove());

it("is never followed by a wrong hit", async () => {
  const triples: Triple[] = [];
  let variables = prepare(workspace);
  const seen = new Map<string, Seen>();
  await eachDag(async (dagId) => void seen.set(dagId, await run(dagId, variables)));
  for (const { name: edit, make } of EDITS) {
    variables = make(workspace);
    await eachDag(async (dagId) => {
      const after = await run(dagId, variables);
      // What has run tells the truth by itself.
      const hasHit = [...after.statuses.values()].includes("hit");
      const truth = hasHit ? await run(dagId, variables, "--no-cache") : after;
      for (const [name, status] of after.statuses) {
        if (name === "collect") continue;
        const isRight = same(after.values[name], truth.values[name]);
        const isChanged = !same(seen.get(dagId)?.values[name], after.values[name]);
        triples.push({ name: `${name}, ${edit}`, verdict: verdictOf(status, isRight, isChanged) });
      }
      seen.set(dagId, after);
    });
  }
  const count = (verdict: Triple["verdict"]) => triples.filter((triple) => triple.verdict === verdict).length;
  const share = (verdict: Triple["verdict"]) => `${((100 * count(verdict)) / triples.length).toFixed(1)} %`;
  process.stdout.write(
    `influence: ${triples.length} triples, ${count("wrong hit")} wrong hits, ${count("right hit")} right hits, ` +
      `${share("needless miss")} needless misses, ${share("not stored")} results not stored\n`,
  );
  const needless = triples.filter(({ verdict }) => verdict === "needless miss").map(({ name }) => name);
  process.stdout.write(`needless: ${needless.join("; ")}\n`);
  expect(triples.filter(({ verdict }) => verdict === "wrong hit").map(({ name }) => name)).toEqual([]);
  expect(triples).toHaveLength(EDITS.length * WAYS);
  expect(triples.length).toBeGreaterThanOrEqual(400);
  // The harness sees hits where nothing that counts was edited, and results that are not stored.
  expect(count("right hit")).toBeGreaterThan(10);
  expect(count("not stored")).toBeGreaterThan(10);
});

function verdictOf(status: string | null, isRight: boolean, isChanged: boolean): Triple["verdict"] {
  if (status === "hit") return isRight ? "right hit" : "wrong hit";
  if (status === "uncacheable") return "not stored";
  return isChanged ? "ran" : "needless miss";
}

function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** Does it for some Dags at a time: most of a command is waiting for its workers. */
async function eachDag(task: (dagId: string) => Promise<void>): Promise<void> {
  const left = DAGS.map(({ dagId }) => dagId);
  const worker = async (): Promise<void> => {
    for (let dagId = left.shift(); dagId !== undefined; dagId = left.shift()) await task(dagId);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function run(dagId: string, variables: Variables, ...options: string[]): Promise<Seen> {
  const { stdout, stderr } = await workspace.memodag(["dags", "run", dagId, "--json", ...options], variables);
  if (stdout === "") throw new Error(`${dagId}: ${stderr}`);
  const report = JSON.parse(stdout) as RunReport;
  expect([dagId, report.state, report.tasks.filter(({ error }) => error)]).toEqual([dagId, "success", []]);
  const values = JSON.parse(readFileSync(workspace.path(collectedIn(dagId)), "utf8")) as Seen["values"];
  const statuses = new Map(report.tasks.map(({ taskId, cacheStatus }) => [taskId, cacheStatus]));
  return { values, statuses };
}
