// The example whose tasks are Python, where there is Python.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { Project } from "./project.ts";

const EXAMPLES = fileURLToPath(new URL("../../../examples/dags", import.meta.url));
const hasPython = spawnSync("python3", ["--version"]).status === 0;

interface RunReport {
  readonly runId: string;
  readonly state: string;
  readonly processesSpawned: number;
}

test.runIf(hasPython)("body-mass fits its lines in Python, once", async () => {
  const project = new Project(`[[bundles]]\nname = "examples"\npath = ${JSON.stringify(EXAMPLES)}\n`);
  onTestFinished(() => project.remove());
  const first = await project.json<RunReport>("dags", "run", "body-mass");
  expect(first).toMatchObject({ state: "success", processesSpawned: 5 });
  const xcom = await project.json("tasks", "xcom", "body-mass", first.runId, "fit", "--map-index", "2");
  expect(xcom).toEqual({
    return_value: { species: "Gentoo", penguins: 123, gramsPerMm: 54.62, r2: 0.494 },
  });
  const second = await project.json<RunReport>("dags", "run", "body-mass");
  expect(second).toMatchObject({ state: "success", processesSpawned: 0 });
});
