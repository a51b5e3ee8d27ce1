// Writes a pass, or finds the instances of it whose data the database does not take.

import {
  instanceKey,
  messageOf,
  type PassOutcome,
  type PassWrite,
  type UnstorableInstance,
} from "@memodag/core";
import { isDataFault } from "../database-fault.ts";
import type { Dialect } from "../dialect.ts";

/** Instances that are looked for at a time: each costs some trials, and the rest comes up with the next pass. */
const MOST_FOUND = 8;

/** The outcome of writing a pass; `not_storable` in place of an error that the data of some instances cause. */
export async function writeStorablePass(dialect: Dialect, pass: PassWrite): Promise<PassOutcome> {
  try {
    return await dialect.writePass(pass);
  } catch (error) {
    if (!isDataFault(error)) throw error;
    const instances = await findUnstorable(dialect, pass);
    // It is the run itself, or nothing that is wrong any more.
    if (instances.length === 0) throw error;
    return { kind: "not_storable", instances };
  }
}

/**
 * The last instance of the shortest beginning that is refused, and the same of the others: one that is refused
 * only beside another is found as well. Trials, of which nothing stays.
 */
async function findUnstorable(dialect: Dialect, pass: PassWrite): Promise<UnstorableInstance[]> {
  const found: UnstorableInstance[] = [];
  let rest = pass.instances;
  for (let wellCount = 0; found.length < MOST_FOUND;) {
    let refused = rest.length;
    let reason = await refusalOf(dialect, partOf(pass, rest));
    if (reason === undefined) break;
    while (refused - wellCount > 1) {
      const middle = Math.floor((wellCount + refused) / 2);
      const refusal = await refusalOf(dialect, partOf(pass, rest.slice(0, middle)));
      if (refusal === undefined) wellCount = middle;
      else [refused, reason] = [middle, refusal];
    }
    const culprit = rest[wellCount];
    if (culprit === undefined || (wellCount === 0 && (await refusalOf(dialect, partOf(pass, []))))) return [];
    const { taskId, mapIndex } = culprit.instance;
    found.push({ taskId, mapIndex, reason });
    rest = rest.toSpliced(wellCount, 1);
  }
  return found;
}

/** Why the data of a pass is refused; undefined when it is not. */
async function refusalOf(dialect: Dialect, pass: PassWrite): Promise<string | undefined> {
  try {
    await dialect.writePass(pass, { isTrial: true });
    return undefined;
  } catch (error) {
    if (!isDataFault(error)) throw error;
    return messageOf(error);
  }
}

/** The part of a pass for some of its instances. */
function partOf(pass: PassWrite, instances: PassWrite["instances"]): PassWrite {
  const names = new Set(instances.map(({ instance }) => instanceKey(instance)));
  const { callbacks, transactions } = pass;
  return {
    ...pass,
    instances,
    xcoms: pass.xcoms.filter((xcom) => names.has(instanceKey(xcom))),
    ...(transactions && {
      transactions: {
        ...transactions,
        staged: transactions.staged.filter((member) => names.has(instanceKey(member))),
      },
    }),
    ...(callbacks && {
      callbacks: {
        ...callbacks,
        owed: callbacks.owed.filter(({ instance }) => names.has(instanceKey(instance))),
      },
    }),
  };
}
