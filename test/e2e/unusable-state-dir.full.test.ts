// A state_dir that cannot be written to: each service and command says so and goes on when it can be again.

import { rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const dagOf = (id: string, body = ""): string => `import { rmSync, writeFileSync } from "node:fs";
import { Dag } from "memodag";
export const dag = new Dag("${id}");
const first = dag.task("first", () => { ${body} return 1; })({});
dag.task("second", () => { console.log("here"); return 2; })({}).after(first);
`;

/** A file in the way of the folder stops root as well, which a folder without permissions does not. */
const BLOCK = `rmSync("../state", { recursive: true }); writeFileSync("../state", "");`;

const CONFIG =
  '[core]\nstate_dir = "state"\n\n[scheduler]\npoll_interval = "100ms"\n\n[dag_processor]\nrescan_interval = "1s"\n';

let workspace: Workspace;

beforeEach(async () => {
  workspace = new Workspace({ config: CONFIG, dags: { "one.ts": dagOf("one") } });
  await workspace.memodag(["db", "migrate"]);
});
afterEach(() => workspace.remove());

function block(): void {
  rmSync(workspace.path("state"), { recursive: true, force: true });
  workspace.write("state", "");
}
const unblock = () => rmSync(workspace.path("state"));

async function trigger(dagId: string): Promise<RunReport> {
  return await workspace.json<RunReport>("dags", "trigger", dagId, "--wait");
}

const NAMED = /state(\/\S+)? cannot be written to.*a file is in the way/;

describe("a state_dir that cannot be written to", () => {
  it.each([["scheduler", "dag-processor"], ["dev"]])(
    "%s says so, and goes on when it can be",
    async (...names) => {
      workspace.write("dags/blocks.ts", dagOf("blocks", BLOCK));
      const services = names.map((name) => workspace.start(name));
      const [scheduler, processor] = [services[0]!, services.at(-1)!];
      await Promise.all([processor.says("watching Dag files"), scheduler.says(" started")]);
      const run = trigger("blocks");
      await scheduler.says("attempts wait for a disk or a store");
      workspace.write("dags/two.ts", dagOf("two"));
      await processor.says("Dag files are not read for now");
      for (const { stderr } of services) expect(stderr).toMatch(NAMED);

      unblock();
      expect(await run).toMatchObject({ state: "success" });
      await processor.says("dagIds=two");
      expect(await trigger("two")).toMatchObject({ state: "success" });
      for (const service of services) expect(await service.end("SIGTERM")).toBe(0);
      for (const { stderr } of services)
        expect(stderr).not.toMatch(/ended and is started again|bug in memodag|\n\s+at /);
    },
  );

  it.each([
    [["dags", "run", "one"], 2],
    [["dags", "list"], 2],
    [["dev"], 2],
    [["scheduler"], 2],
    [["doctor"], 1],
  ] as const)("%j says so", async (args, code) => {
    block();
    const outcome = await workspace.memodag(args);
    const said = outcome.stdout + outcome.stderr;
    expect(said).toMatch(NAMED);
    expect(said).not.toMatch(/bug in memodag|\n\s+at /);
    expect(outcome.code).toBe(code);
  });
});
