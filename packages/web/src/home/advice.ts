// Things that are worth a look: advice by rules over counts, each with the proof that it links to.

import type { OutputOf } from "../data/api.ts";
import { formatCount } from "../format/format.ts";

/** Misses without a hit from which on caching a task is questioned. */
const MISSES_WITHOUT_HIT = 10;

/** Instances whose undeclared inputs are told. */
const UNDECLARED = 3;

/** Lines at most, and those of one rule. */
const MOST_LINES = 8;
const MOST_OF_RULE = 3;

/** Where the proof is. */
export type AdviceProof =
  | { readonly kind: "instance"; readonly runId: string; readonly mapIndex: number }
  | { readonly kind: "entries" }
  | { readonly kind: "health" };

/** A line. The task that it is about; null: all. */
export interface Advice {
  readonly task: { readonly team: string; readonly dagId: string; readonly taskId: string } | null;
  /** Follows the name of the task. */
  readonly text: string;
  readonly proof: AdviceProof;
}

type Stats = Pick<OutputOf<"cache.stats">, "lookupTimeouts" | "lookupFailures" | "putFailures"> & {
  readonly tasks: readonly Pick<
    OutputOf<"cache.stats">["tasks"][number],
    "team" | "dagId" | "taskId" | "hits" | "misses" | "nondeterministic"
  >[];
};
type Reasons = OutputOf<"cache.reasons">;

/** Returns the lines, the gravest first. */
export function adviseOn(stats: Stats, reasons: Reasons): Advice[] {
  return [
    ...ofLookups(stats),
    ...ofDiffering(stats).slice(0, MOST_OF_RULE),
    ...ofUndeclared(reasons).slice(0, MOST_OF_RULE),
    ...ofNeverHit(stats, reasons).slice(0, MOST_OF_RULE),
  ].slice(0, MOST_LINES);
}

function ofLookups({ lookupTimeouts, lookupFailures, putFailures }: Stats): Advice[] {
  const parts = [
    ...(lookupTimeouts > 0 ? [`${times(lookupTimeouts)} a lookup was too late`] : []),
    ...(lookupFailures > 0 ? [`${times(lookupFailures)} one failed`] : []),
    ...(putFailures > 0 ? [`${times(putFailures)} a result could not be stored`] : []),
  ];
  if (parts.length === 0) return [];
  return [{ task: null, text: `The cache was not of use: ${parts.join(", ")}`, proof: { kind: "health" } }];
}

function ofDiffering({ tasks }: Stats): Advice[] {
  return tasks
    .filter(({ nondeterministic }) => nondeterministic > 0)
    .toSorted((a, b) => b.nondeterministic - a.nondeterministic)
    .map(({ team, dagId, taskId, nondeterministic }) => ({
      task: { team, dagId, taskId },
      text: `gave other bytes for the same key ${times(nondeterministic)}`,
      proof: { kind: "entries" },
    }));
}

function ofUndeclared(reasons: Reasons): Advice[] {
  return reasons
    .filter(({ reason, count }) => reason === "undeclared_input" && count >= UNDECLARED)
    .map(({ count, last, ...miss }) => ({
      task: nameOf(miss),
      text: `was not cached ${times(count)}: it read what its key does not have`,
      proof: { kind: "instance", runId: last.runId, mapIndex: last.mapIndex },
    }));
}

function ofNeverHit({ tasks }: Stats, reasons: Reasons): Advice[] {
  return tasks
    .filter(({ hits, misses }) => hits === 0 && misses >= MISSES_WITHOUT_HIT)
    .toSorted((a, b) => b.misses - a.misses)
    .flatMap(({ misses, ...task }) => {
      const found = reasons.find(
        (miss) => miss.team === task.team && miss.dagId === task.dagId && miss.taskId === task.taskId,
      );
      if (!found) return [];
      const { runId, mapIndex, changed } = found.last;
      return {
        task: nameOf(task),
        text: `is cached and has not hit in ${formatCount(misses)} lookups${differing(changed)}`,
        proof: { kind: "instance" as const, runId, mapIndex },
      };
    });
}

function differing(changed: Reasons[number]["last"]["changed"]): string {
  const [first, ...others] = changed;
  if (!first) return "";
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return `: ${first.kind}${first.path === "" ? "" : ` ${first.path}`}${more} differed last`;
}

function nameOf({ team, dagId, taskId }: NonNullable<Advice["task"]>): NonNullable<Advice["task"]> {
  return { team, dagId, taskId };
}

function times(count: number): string {
  return count === 1 ? "once" : `${formatCount(count)} times`;
}
