// The part of a transaction's key that stands for its tasks' code and their shape, and which values come from outside.

import {
  canonicalJson,
  sha256,
  type ArgTemplate,
  type Digest,
  type NamedTemplate,
  type SerializedTask,
  type SerializedTransaction,
} from "@memodag/core";

/** The shape of a transaction, and its inputs by name. */
export interface GroupShape {
  readonly source: Digest;
  readonly inputs: readonly NamedTemplate[];
}

/**
 * Takes a transaction apart. In the digest is all that decides what its tasks return, given the inputs: their code,
 * which arguments they get from each other, and what makes one run, be skipped, or be mapped. An argument that contains
 * a result of one of the tasks is in it as a template, and what that takes from outside is an input each.
 * @param transactions it and those within it
 * @param deciders tasks outside whose results select among its tasks
 */
export function groupShape(
  transactions: readonly SerializedTransaction[],
  members: readonly SerializedTask[],
  deciders: readonly SerializedTask[],
): GroupShape {
  const memberIds = new Set(members.map(({ taskId }) => taskId));
  const inputs: NamedTemplate[] = [];
  const shapeOf = (taskId: string, args: readonly NamedTemplate[], excluded: readonly string[]) =>
    args.flatMap(([name, template]): (readonly [string, ArgTemplate | null])[] => {
      if (excluded.includes(name)) return [];
      const refs = [...resultTemplates(template)];
      // An identifier has no parentheses: the names of no two inputs are the same.
      const input = `${taskId}(${name})`;
      if (!refs.some((ref) => memberIds.has(ref.taskId))) {
        inputs.push([input, template]);
        return [[name, null]];
      }
      for (const [place, ref] of refs.entries())
        if (!memberIds.has(ref.taskId)) inputs.push([`${input}${place}`, ref]);
      return [[name, template]];
    });
  const shape = {
    transactions: transactions.map(({ transactionId, commit, failOn = "any" }) => [
      transactionId,
      commit,
      failOn,
    ]),
    tasks: members
      .toSorted((a, b) => (a.taskId < b.taskId ? -1 : 1))
      .map(({ taskId, args, expand, upstream, triggerRule, branch, sourceHash, cache }) => ({
        taskId,
        source: sourceHash,
        args: shapeOf(taskId, args, cache?.excludeInputs ?? []),
        // Also of an excluded list: how many elements it has is how often the task runs.
        expand: shapeOf(taskId, expand, []),
        upstream: [...upstream].sort(),
        triggerRule,
        branch: branch ?? null,
      })),
    deciders: deciders.map(({ taskId, branch }) => [taskId, branch]),
  };
  for (const { taskId, branch } of deciders)
    inputs.push([taskId, { kind: "result", taskId, path: branch?.path ?? [] }]);
  return { source: sha256(["memodag transaction source v1", canonicalJson(shape)].join("\n")), inputs };
}

type ResultTemplate = Extract<ArgTemplate, { kind: "result" }>;

/** The results that a template contains, in the order in which it is written. */
function* resultTemplates(template: ArgTemplate): Generator<ResultTemplate> {
  switch (template.kind) {
    case "literal":
      return;
    case "result":
      yield template;
      return;
    case "list":
      for (const item of template.items) yield* resultTemplates(item);
      return;
    case "object":
      for (const [, item] of template.entries) yield* resultTemplates(item);
  }
}
