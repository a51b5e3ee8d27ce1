// Decides whether a queue gives a host nothing although attempts wait in it: its connection or its client hangs, and only
// opening it again, or another process, helps. A pure function of what was seen at beats.

import type { AttemptPlace } from "@memodag/remote-executor";

/** Younger waits are ordinary, in milliseconds. */
const LONG_WAIT_MS = 10_000;

/** Two ordinary beats, less the inaccuracy of timers. Milliseconds. */
const OPEN_AGAIN_AFTER_MS = 4_500;

/** Four ordinary beats. Milliseconds. */
const GIVE_UP_AFTER_MS = 14_500;

/** A queue that lost an attempt has it again by then: a scheduler has published it again. Milliseconds. */
const PUBLISHED_AGAIN_MS = 40_000;

/** The state of a host and its queue at a beat. */
export interface FeedSight {
  /** Milliseconds for which the oldest attempt that this host may take has waited; `null`: none waits. */
  readonly waitMs: number | null;
  readonly freePlaces: number;
  /** Attempts that the host has. */
  readonly running: number;
  /** Attempts that the queue has ever given to this host. */
  readonly given: number;
  /** Where the queue has that attempt; `unknown`: it cannot tell; `away`: it does not answer. */
  readonly place: AttemptPlace | "unknown" | "away";
}

/** Kept from beat to beat. Times are milliseconds of a monotonic clock. */
export interface FeedMemory {
  readonly given: number;
  /** Since when it has given nothing although it could; `null`: it has, or could not. */
  readonly deafSince: number | null;
  readonly openedAgainAt: number | null;
}

/** `absent`: an attempt has waited for long, and the queue does not have it. */
export type FeedVerdict = "hears" | "open_again" | "give_up" | "absent";

/** Before the first beat. */
export const NOTHING_SEEN: FeedMemory = { given: 0, deafSince: null, openedAgainAt: null };

/** True if the queue should have given something by now: it is worth asking what it has. */
export function isSilent(
  { waitMs, freePlaces, given }: Omit<FeedSight, "place">,
  memory: Pick<FeedMemory, "given">,
): boolean {
  return waitMs !== null && waitMs > LONG_WAIT_MS && freePlaces > 0 && given === memory.given;
}

/** Judges a beat. A host that runs something is never given up: its queue is opened again and again. */
export function judgeFeed(
  sight: FeedSight,
  memory: FeedMemory,
  now: number,
): { readonly verdict: FeedVerdict; readonly memory: FeedMemory } {
  const { given, place, running, waitMs } = sight;
  const hearing = { given, deafSince: null, openedAgainAt: null };
  if (!isSilent(sight, memory) || place === "away" || place === "held")
    return { verdict: "hears", memory: hearing };
  if (place === "absent")
    return { verdict: (waitMs ?? 0) > PUBLISHED_AGAIN_MS ? "absent" : "hears", memory: hearing };
  const { openedAgainAt } = memory;
  const deafSince = memory.deafSince ?? now;
  const deaf = { given, deafSince, openedAgainAt };
  if (running === 0 && place !== "unknown" && openedAgainAt !== null && now - deafSince >= GIVE_UP_AFTER_MS)
    return { verdict: "give_up", memory: deaf };
  const isDue =
    openedAgainAt === null ? now - deafSince >= OPEN_AGAIN_AFTER_MS : now - openedAgainAt >= GIVE_UP_AFTER_MS;
  return isDue
    ? { verdict: "open_again", memory: { ...deaf, openedAgainAt: now } }
    : { verdict: "hears", memory: deaf };
}
