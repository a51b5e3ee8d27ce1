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
  }),
  { minLength: 1, maxLength: 30 },
);

test("the heaviest goes first, then the longest waiting, past every pool and queue that is closed", () => {
  fc.assert(
    fc.property(
      drafts,
      fc.infiniteStream(fc.boolean()),
      fc.subarray(["a", "b", "gpu"]),
      (tasks, moves, shut) => {
        const { nodes } = buildDagGraph(
          serializedDag(tasks.map((draft, index) => serializedTask(`t${index}`, draft))),
        );
        const closed = new Set(shut);
        const lines = new WaitingLines();
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
          const next = open.find((node) => node.task.priorityWeight === heaviest);
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
