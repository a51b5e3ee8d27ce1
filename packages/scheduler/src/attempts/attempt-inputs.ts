// The arguments of an instance as its attempt carries them: templates, and references to the values they use.

import {
  instanceName,
  readAttemptInputs,
  UNMAPPED,
  type ArgumentSources,
  type ArgTemplate,
  type Attempt,
  type AttemptInput,
  type InputRef,
  type NamedTemplate,
  type ValueRef,
} from "@memodag/core";
import type { DagNode } from "../graph/dag-graph.ts";
import type { InstanceArgument, NamedArgument } from "../values/instance-argument.ts";
import type { RunResults } from "../values/run-results.ts";

type References = Pick<Attempt, "args" | "results">;

/** The arguments of an instance, with the values they use by reference. Reads nothing. */
export function referToInputs(given: readonly NamedArgument[], results: RunResults): References {
  const inputs = new Map<string, AttemptInput>();
  const args = given.map(([name, argument]): NamedTemplate => {
    const template = narrowed(argument, results, inputs);
    collectInputs(template, results, inputs);
    return [name, template];
  });
  return { args, results: [...inputs] };
}

/**
 * The same including the values, for steps that the scheduler carries out itself.
 * @throws MemodagError `xcom_not_found` when a value no longer exists.
 */
export async function readInputs(
  given: readonly NamedArgument[],
  results: RunResults,
): Promise<ArgumentSources> {
  const { args, results: inputs } = referToInputs(given, results);
  const read = (_team: string, refs: Iterable<ValueRef>) =>
    results.readBytes(Array.from(refs, ({ digest }) => digest));
  return { args, results: await readAttemptInputs({ team: "", results: inputs }, { read }) };
}

/**
 * An element of a mapped task's results is an input of its own, so that each of n instances receives one
 * element and not all n. Its name contains brackets, which no task id does.
 */
function narrowed(
  argument: InstanceArgument,
  results: RunResults,
  inputs: Map<string, AttemptInput>,
): ArgTemplate {
  if (argument.kind === "element") return { kind: "literal", json: argument.elements.text(argument.index) };
  if (argument.kind !== "result" || argument.path.length !== 1) return argument;
  const node = results.nodeOf(argument.taskId);
  if (!node.isMapped) return argument;
  const mapIndex = Number(argument.path[0]);
  const ref = refOf(results, node, mapIndex);
  if (!ref) return { kind: "literal", json: "null" };
  const name = instanceName(argument.taskId, mapIndex);
  inputs.set(name, { kind: "single", ref });
  return { kind: "result", taskId: name, path: [] };
}

function collectInputs(template: ArgTemplate, results: RunResults, into: Map<string, AttemptInput>): void {
  switch (template.kind) {
    case "literal":
      return;
    case "result": {
      if (into.has(template.taskId)) return;
      const input = inputOf(results.nodeOf(template.taskId), results);
      if (input) into.set(template.taskId, input);
      return;
    }
    case "list":
      for (const item of template.items) collectInputs(item, results, into);
      return;
    case "object":
      for (const [, item] of template.entries) collectInputs(item, results, into);
  }
}

function inputOf(node: DagNode, results: RunResults): AttemptInput | undefined {
  if (node.isMapped) {
    const refs = results.returnedByAll(node).map((_, mapIndex) => refOf(results, node, mapIndex));
    return { kind: "mapped", refs };
  }
  const ref = refOf(results, node, UNMAPPED);
  return ref ? { kind: "single", ref } : undefined;
}

function refOf(results: RunResults, node: DagNode, mapIndex: number): InputRef | null {
  return results.findReturned(node, mapIndex) ?? null;
}
