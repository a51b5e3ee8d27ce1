// What reading a Dag file costs for each of its tasks, where there are thousands.

import { expect, it } from "vitest";
import { Project } from "./project.ts";

const FEW = 400;
const MANY = 3_200;
/** Load, collections and start-up make times differ; a cost that grows with the tasks makes them differ by 8. */
const GENEROUS = 3;

it.each<[string, (index: number) => string]>([
  ["a statement for each task", (index) => `dag.task("t${index}", () => ${index}, { cache: true })();`],
  [
    "a command for each task",
    (index) => `dag.command("t${index}", { command: ["echo", "${index}"], sources: [] })();`,
  ],
  [
    "tasks that take each other's results",
    (index) =>
      index === 0
        ? 'const t0 = dag.task("t0", () => 0, { cache: true })();'
        : `const t${index} = dag.task("t${index}", ({ x }) => x, { cache: true })({ x: t${index - (index % 20 === 0 ? index : 1)} });`,
  ],
])("does not grow with the tasks of the file: %s", { timeout: 180_000 }, async (_what, taskOf) => {
  const perTask = async (count: number): Promise<number> => {
    const project = await Project.create();
    try {
      const tasks = Array.from({ length: count }, (_, index) => taskOf(index));
      const lines = ['import { Dag } from "memodag";', 'export const dag = new Dag("large");', ...tasks];
      await project.write("dags/large.ts", `${lines.join("\n")}\n`);
      const startedAt = performance.now();
      const { files } = await project.process({ loadTimeoutMs: 120_000 });
      expect(files).toMatchObject([{ kind: "read", dagIds: ["large"] }]);
      return (performance.now() - startedAt) / count;
    } finally {
      await project.remove();
    }
  };
  const few = await perTask(FEW);
  expect((await perTask(MANY)) / few).toBeLessThan(GENEROUS);
});
