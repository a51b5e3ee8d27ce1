// The digest of the fields that stand for an argument in a cache key.

import { sha256, type Digest } from "@memodag/core";
import { compositeDigest } from "@memodag/result-cache";
import type { InstanceArgument } from "./instance-argument.ts";
import type { RunResults } from "./run-results.ts";

/** Stands for a field that is not there, which a task can tell from `null`. */
const NO_FIELD = sha256("memodag no field v1");

/** Digests of fields by their paths; `null` for a field that is not there. */
export type ProjectedFields = readonly (readonly [path: string, digest: Digest | null])[];

/** @throws MemodagError when a value cannot be read */
export async function projectedFields(
  argument: InstanceArgument,
  fields: readonly string[],
  results: RunResults,
): Promise<ProjectedFields> {
  const digests = await fieldDigests(argument, fields, results);
  return fields.map((field, index) => [field, digests[index] ?? null] as const);
}

/** The digest of the fields, with their paths: the rest of the argument does not change it. */
export function projectionDigest(fields: ProjectedFields): Digest {
  return compositeDigest(
    "projection",
    fields.map(([field, digest]) => [field, digest ?? NO_FIELD] as const),
  );
}

type FieldDigests = readonly (Digest | null | undefined)[];

async function fieldDigests(
  argument: InstanceArgument,
  fields: readonly string[],
  results: RunResults,
): Promise<FieldDigests> {
  switch (argument.kind) {
    case "literal": {
      const bytes = Buffer.from(argument.json);
      return await results.fieldsOf({ digest: sha256(bytes), bytes }, [], fields);
    }
    case "element": {
      const { elements, index } = argument;
      const bytes = Buffer.from(elements.text(index));
      return await results.fieldsOf({ digest: elements.digest(index), bytes }, [], fields);
    }
    case "list":
      return await membersOf(fields, results, (step) => argument.items[indexOf(step)]);
    case "object":
      return await membersOf(
        fields,
        results,
        (step) => argument.entries.find(([name]) => name === step)?.[1],
      );
    case "result": {
      const node = results.nodeOf(argument.taskId);
      const [first, ...rest] = argument.path;
      if (node.isMapped && first === undefined) {
        const count = results.returnedByAll(node).length;
        const elementAt = (index: number): InstanceArgument | undefined =>
          index < count ? { ...argument, path: [index] } : undefined;
        return await membersOf(fields, results, (step) => elementAt(indexOf(step)));
      }
      const digest = node.isMapped ? results.returnedAt(node, Number(first)) : results.returnedBy(node);
      // A task without a result hands on null, which has no fields.
      if (digest === undefined) return fields.map(() => null);
      return await results.fieldsOf({ digest }, node.isMapped ? rest : argument.path, fields);
    }
  }
}

/** Fields of a list or object whose members come from several tasks. */
async function membersOf(
  fields: readonly string[],
  results: RunResults,
  memberAt: (step: string) => InstanceArgument | undefined,
): Promise<FieldDigests> {
  return await Promise.all(
    fields.map(async (field) => {
      const [step = "", ...below] = field.split(".");
      const member = memberAt(step);
      if (!member) return null;
      if (below.length === 0) return await results.digestOf(member);
      return (await fieldDigests(member, [below.join(".")], results))[0];
    }),
  );
}

/** Past every list for a step that is no index. */
function indexOf(step: string): number {
  return /^(?:0|[1-9]\d*)$/.test(step) ? Number(step) : Infinity;
}
