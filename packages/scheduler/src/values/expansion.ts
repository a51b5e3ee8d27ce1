// Expands mapped tasks: how many instances a task has and which elements each of them gets.

import { MemodagError, type ArgTemplate } from "@memodag/core";
import type { DagNode } from "../graph/dag-graph.ts";
import type { ListElements } from "./list-elements.ts";
import type { InstanceArgument, NamedArgument } from "./instance-argument.ts";
import type { RunResults } from "./run-results.ts";

/** A list that a task is mapped over. */
interface MappedList {
  readonly name: string;
  readonly length: number;
  at(index: number): InstanceArgument;
}

/** The lists that a task is mapped over; several make the cross product. */
export interface Expansion {
  readonly count: number;
  readonly lists: readonly MappedList[];
}

/**
 * Finds the lists of a mapped task.
 * @throws MemodagError `map_not_a_list`, `map_too_long`
 */
export async function expandTask(
  node: DagNode,
  results: RunResults,
  maxMapLength: number,
): Promise<Expansion> {
  const lists: MappedList[] = [];
  for (const [name, template] of node.task.expand) lists.push(await findList(node, name, template, results));
  const count = lists.reduce((product, { length }) => product * length, 1);
  if (count > maxMapLength) {
    throw new MemodagError(
      "map_too_long",
      `task "${node.task.taskId}" would have ${count} instances, more than the Dag's maxMapLength of ` +
        `${maxMapLength}: return shorter lists, or raise maxMapLength`,
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
): readonly NamedArgument[] {
  if (!expansion) return node.task.args;
  const own: NamedArgument[] = [];
  let rest = mapIndex;
  for (const list of expansion.lists.toReversed()) {
    own.push([list.name, list.at(rest % list.length)]);
    rest = Math.floor(rest / list.length);
  }
  // An array of exactly that length: every instance that runs keeps one.
  const args: readonly NamedArgument[] = node.task.args;
  return args.concat(own.toReversed());
}

async function findList(
  node: DagNode,
  name: string,
  template: ArgTemplate,
  results: RunResults,
): Promise<MappedList> {
  switch (template.kind) {
    case "list":
      return { name, length: template.items.length, at: (index) => itemAt(template.items, index) };
    case "object":
      throw notAList(node, name, "an object");
    case "literal": {
      const found = await results.elementsOfText(template.json);
      return typeof found === "string" ? fail(node, name, found) : ofElements(name, found);
    }
    case "result": {
      const { taskId, path } = template;
      const upstream = results.nodeOf(taskId);
      if (upstream.isMapped && path.length === 0) {
        const { length } = results.returnedByAll(upstream);
        return { name, length, at: (index) => ({ kind: "result", taskId, path: [index] }) };
      }
      const found = await results.elementsOf(upstream, path);
      return typeof found === "string" ? fail(node, name, found) : ofElements(name, found);
    }
  }
}

function ofElements(name: string, elements: ListElements): MappedList {
  return { name, length: elements.length, at: (index) => ({ kind: "element", elements, index }) };
}

function itemAt(items: readonly ArgTemplate[], index: number): ArgTemplate {
  const item = items[index];
  if (!item) throw new Error(`a list of ${items.length} has no element ${index}`);
  return item;
}

function fail(node: DagNode, name: string, found: string): never {
  throw notAList(node, name, found);
}

function notAList(node: DagNode, name: string, found: string): MemodagError {
  return new MemodagError(
    "map_not_a_list",
    `task "${node.task.taskId}" is mapped over "${name}", which is ${found}: return a list from the task it comes from`,
    { fields: { taskId: node.task.taskId, argument: name } },
  );
}
