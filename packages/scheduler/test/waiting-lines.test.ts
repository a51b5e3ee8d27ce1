import fc from "fast-check";
import { expect, test } from "vitest";
import { buildDagGraph } from "../src/graph/dag-graph.ts";
import { WaitingLines } from "../src/attempts/waiting-lines.ts";
import { serializedDag, serializedTask } from "./serialized.ts";

const drafts = fc.array(
  fc.record({
    pool: fc.constantFrom("a", "b", "c"),
    queue: fc.constantFrom("default", "gpu"),
    priorityWeight: fc.integer({ min: 1, max: 3 }),
    path: fc.integer({ min: 0, max: 3 }),
  }),
  { minLength: 1, maxLength: 30 },
);

test("the heaviest goes first, then that with the longest path, then the longest waiting, past every pool and queue that is closed", () => {
  fc.assert(
    fc.property(
      drafts,
      fc.infiniteStream(fc.boolean()),
      fc.subarray(["a", "b", "gpu"]),
      (tasks, moves, shut) => {
        const { nodes } = buildDagGraph(
          serializedDag(
            tasks.map(({ pool, queue, priorityWeight }, index) =>
              serializedTask(`t${index}`, { pool, queue, priorityWeight }),
            ),
          ),
        );
        const closed = new Set(shut);
        const lines = new WaitingLines(tasks.map(({ path }) => path));
        const pathOf = (index: number): number => tasks[index]?.path ?? 0;
        // The slow, obvious line: looked through whole each time.
        let model: typeof nodes = [];
        const pending = [...nodes];
        const [found, wanted]: [(string | undefined)[], (string | undefined)[]] = [[], []];
        for (const isAdding of moves) {
          if (isAdding && pending.length > 0) {
            const node = pending.shift()!;
            lines.add({ node, mapIndex: -1 });
            model = [...model, node];
            continue;
          }
          const isOpen = (pool: string, queue: string) => !closed.has(pool) && !closed.has(queue);
          const open = model.filter(({ task }) => isOpen(task.pool, task.queue ?? "default"));
          const heaviest = Math.max(...open.map((node) => node.task.priorityWeight));
          const heavy = open.filter((node) => node.task.priorityWeight === heaviest);
          const longest = Math.max(...heavy.map((node) => pathOf(node.index)));
          const next = heavy.find((node) => pathOf(node.index) === longest);
          found.push(lines.next(({ pool, queue }) => !isOpen(pool, queue))?.node.task.taskId);
          wanted.push(next?.task.taskId);
          if (!next && pending.length === 0) break;
          if (next) lines.leave({ node: next, mapIndex: -1 });
          model = model.filter((node) => node !== next);
        }
        expect(found).toEqual(wanted);
        expect(lines.size).toBe(model.length);
      },
    ),
  );
});
