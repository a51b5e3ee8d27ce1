import fc from "fast-check";
import { expect, test } from "vitest";
import { buildDagGraph, type DagGraph } from "../../src/graph/dag-graph.ts";
import { remainingPaths } from "../../src/graph/remaining-paths.ts";
import { serializedDag, serializedTask } from "../serialized.ts";

/** The obvious, slow way: all paths. */
function longestFrom(graph: DagGraph, index: number, expectedMs: ReadonlyMap<string, number>): number {
  const node = graph.nodes[index]!;
  const rests = node.downstream.map((below) => longestFrom(graph, below, expectedMs));
  return (expectedMs.get(node.task.taskId) ?? 0) + Math.max(0, ...rests);
}

const tasks = fc.array(
  fc.record({ ms: fc.option(fc.integer({ min: 0, max: 99 })), above: fc.array(fc.nat()) }),
  { minLength: 1, maxLength: 9 },
);

test("is the longest of all paths, and tasks that never ran take no time", () => {
  fc.assert(
    fc.property(tasks, (drafts) => {
      const idOf = (index: number) => `t${index}`;
      const graph = buildDagGraph(
        serializedDag(
          drafts.map(({ above }, index) => {
            const upstream = index === 0 ? [] : [...new Set(above.map((each) => idOf(each % index)))];
            return serializedTask(idOf(index), { upstream });
          }),
        ),
      );
      const known = drafts.flatMap(({ ms }, index) => (ms === null ? [] : [[idOf(index), ms] as const]));
      const expectedMs = new Map(known);
      expect(remainingPaths(graph, expectedMs)).toEqual(
        graph.nodes.map(({ index }) => longestFrom(graph, index, expectedMs)),
      );
    }),
  );
});
