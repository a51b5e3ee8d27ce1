// Which bytes are of no use, and how many are taken at a time.

import { ORPHAN_GRACE_MS, type RecordRetention, type StoredResult } from "../retention-ports.ts";

/** Bytes that one step reads or deletes at most, one result over: both take a database time. */
const MAX_STEP_BYTES = 4 * 2 ** 20;

/** Returns the bytes that nothing refers to and that are old enough not to be in use by a writer. */
export async function findOrphans(
  records: RecordRetention,
  found: readonly StoredResult[],
): Promise<StoredResult[]> {
  const candidates = found.filter(({ isShown, ageMs }) => !isShown && ageMs > ORPHAN_GRACE_MS);
  const orphans: StoredResult[] = [];
  for (const [team, ofTeam] of Map.groupBy(candidates, (result) => result.team)) {
    const named = await records.findNamed(
      team,
      ofTeam.map(({ digest }) => digest),
    );
    for (const one of ofTeam) if (!named.has(one.digest)) orphans.push(one);
  }
  return orphans;
}

/** Results in order, in runs of one team and of few bytes. */
export function* inSteps(results: readonly StoredResult[]): Generator<StoredResult[]> {
  let step: StoredResult[] = [];
  let size = 0;
  for (const result of results) {
    if (step.length > 0 && (step[0]?.team !== result.team || size + result.sizeBytes > MAX_STEP_BYTES)) {
      yield step;
      [step, size] = [[], 0];
    }
    step.push(result);
    size += result.sizeBytes;
  }
  if (step.length > 0) yield step;
}
