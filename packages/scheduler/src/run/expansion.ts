// What a mapped task is mapped over: how many instances it has and what each of them gets.

import {
  MemodagError,
  canonicalJson,
  selectField,
  type ArgTemplate,
  type JsonValue,
  type NamedTemplate,
} from "@memodag/core";
import type { DagNode } from "../graph/dag-graph.ts";
import type { RunResults } from "./run-results.ts";

/** The lists that a task is mapped over, each element as the template of one argument. */
export interface Expansion {
  readonly count: number;
  readonly lists: readonly (readonly [name: string, elements: readonly ArgTemplate[]])[];
}

/**
 * Finds the lists of a mapped task. Several make the cross product.
 * @throws MemodagError `map_not_a_list`, `map_too_long`
 */
export async function expandTask(
  node: DagNode,
  results: RunResults,
  maxMapLength: number,
): Promise<Expansion> {
  const lists: [string, readonly ArgTemplate[]][] = [];
  for (const [name, template] of node.task.expand) {
    lists.push([name, await elementsOf(node, name, template, results)]);
  }
  const count = lists.reduce((product, [, elements]) => product * elements.length, 1);
  if (count > maxMapLength) {
    throw new MemodagError(
      "map_too_long",
      `task "${node.task.taskId}" is mapped over ${count} elements, more than the Dag's maxMapLength of ` +
        `${maxMapLength}: map over fewer, or raise maxMapLength`,
      { fields: { taskId: node.task.taskId, count, maxMapLength } },
    );
  }
  return { count, lists };
}

/** The arguments of one instance: the shared ones and its element of each list, the last list fastest. */
export function argsOfInstance(
  node: DagNode,
  expansion: Expansion | undefined,
  mapIndex: number,
): NamedTemplate[] {
  if (!expansion) return [...node.task.args];
  const own: NamedTemplate[] = [];
  let rest = mapIndex;
  for (const [name, elements] of expansion.lists.toReversed()) {
    const element = elements[rest % elements.length];
    if (!element) throw new Error(`task "${node.task.taskId}" has no instance ${mapIndex}`);
    own.unshift([name, element]);
    rest = Math.floor(rest / elements.length);
  }
  return [...node.task.args, ...own];
}

async function elementsOf(
  node: DagNode,
  name: string,
  template: ArgTemplate,
  results: RunResults,
): Promise<readonly ArgTemplate[]> {
  switch (template.kind) {
    case "list":
      return template.items;
    case "literal":
      return elementsOfValue(node, name, JSON.parse(template.json) as JsonValue);
    case "object":
      throw notAList(node, name, "an object");
    case "result": {
      const upstream = results.nodeOf(template.taskId);
      if (upstream.isMapped && template.path.length === 0) {
        return results
          .returnedByAll(upstream)
          .map((_, index) => ({ kind: "result", taskId: template.taskId, path: [index] }));
      }
      return elementsOfValue(node, name, await valueAt(upstream, template.path, results));
    }
  }
}

async function valueAt(
  upstream: DagNode,
  path: readonly (string | number)[],
  results: RunResults,
): Promise<JsonValue> {
  const [index, ...rest] = path;
  const digest = upstream.isMapped
    ? results.returnedByAll(upstream)[Number(index)]
    : results.returnedBy(upstream);
  if (digest === undefined) return null;
  return selectField(await results.readValue(digest), upstream.isMapped ? rest : path);
}

/** Elements as literals, so that an instance's worker gets its own element and not the whole list. */
function elementsOfValue(node: DagNode, name: string, value: JsonValue): ArgTemplate[] {
  if (!Array.isArray(value)) throw notAList(node, name, describe(value));
  return value.map((element) => ({ kind: "literal", json: canonicalJson(element) }));
}

function describe(value: JsonValue): string {
  if (value === null) return "null";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function notAList(node: DagNode, name: string, found: string): MemodagError {
  return new MemodagError(
    "map_not_a_list",
    `task "${node.task.taskId}" is mapped over "${name}", which is ${found}: return a list from the task it comes from`,
    { fields: { taskId: node.task.taskId, argument: name } },
  );
}
