// What is done to a fleet of workers, and when: drawn from a seed before anything happens.

import type { NetworkCut } from "@memodag/test-servers";
import type { Random } from "../random.ts";

/** Each kind once; some need a server of their own. */
export const FAULT_KINDS = [
  "kill task",
  "kill host",
  "stop host",
  "pause machine",
  "drain host",
  "cut host from API",
  "cut host from Redis",
  "kill scheduler",
  "stop scheduler",
  "drain scheduler",
  "cut scheduler from Redis",
  "restart Redis",
  "flush Redis",
  "repeat attempts",
  "crash PostgreSQL",
] as const;

/** A kind of fault. */
export type FaultKind = (typeof FAULT_KINDS)[number];

/** One fault. What does not concern its kind is drawn as well, so that kinds can be left out. */
export interface Fault {
  readonly kind: FaultKind;
  /** Which host and which scheduler, from 0. */
  readonly host: number;
  readonly scheduler: number;
  readonly cut: NetworkCut;
  /** How long it lasts, in milliseconds. */
  readonly ms: number;
  /** Milliseconds until the next one, which may begin while this one lasts. */
  readonly restMs: number;
}

/** Sizes of a fleet, and how it is treated. */
export interface FaultScale {
  readonly hosts: number;
  readonly schedulers: number;
  /** The longest fault: longer than it takes to count a host as lost. Milliseconds. */
  readonly longestMs: number;
  readonly longestRestMs: number;
}

/** Draws faults without end: all kinds in some order, then again in another one. */
export function* drawFaults(
  random: Random,
  kinds: readonly FaultKind[],
  scale: FaultScale,
): Generator<Fault> {
  for (;;) {
    const left = [...kinds];
    while (left.length > 0) {
      const kind = random.pick(left);
      left.splice(left.indexOf(kind), 1);
      yield {
        kind,
        host: random.between(0, scale.hosts - 1),
        scheduler: random.between(0, scale.schedulers - 1),
        cut: random.pick(["freeze", "close"]),
        // Half of them are short: over before anyone gives up.
        ms: random.between(200, random.isTrue(0.5) ? scale.longestMs / 4 : scale.longestMs),
        restMs: random.between(200, scale.longestRestMs),
      };
    }
  }
}

/** A fault in words. */
export function describeFault({ kind, host, scheduler, cut, ms }: Fault): string {
  const who = kind.includes("host") || kind === "kill task" || kind === "pause machine" ? ` w${host}` : "";
  const which = kind.includes("scheduler") ? ` s${scheduler}` : "";
  const how = kind.startsWith("cut") ? `, ${cut}` : "";
  return `${kind}${who}${which}${how}, ${ms} ms`;
}
