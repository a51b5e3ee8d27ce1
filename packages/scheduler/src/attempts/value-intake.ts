// Takes the values that attempts came back with to the store that will hold them, before a pass refers to them.

import {
  MemodagError,
  digestOfBytes,
  type AttemptOutcome,
  type ErrorCode,
  type ExecutorEvent,
  type PushedXCom,
} from "@memodag/core";
import type { TaskCache, Values } from "@memodag/result-cache";
import { unstorableError } from "./unstorable-instance.ts";

type Finished = Extract<ExecutorEvent, { kind: "finished" }>;
type Succeeded = Extract<AttemptOutcome, { kind: "succeeded" }>;

/** A value that a store holds. */
export interface PlacedXCom extends PushedXCom {
  readonly digest: string;
  /** See `XCom`. */
  readonly store: string | null;
}

/** A success whose values are held. */
export interface PlacedSuccess extends Succeeded {
  readonly xcoms: readonly PlacedXCom[];
  /** Why the store that was to remember them does not have them; `null`: it has, or was not to. */
  readonly notPlaced: string | null;
}

/** The used part of a cache. */
type PlacingCache = Pick<TaskCache, "place" | "placesValues">;

/** Values of attempts of one run. */
export class ValueIntake {
  readonly #team: string;
  readonly #values: Pick<Values, "write">;
  readonly #cacheOf: (attemptId: string) => PlacingCache | undefined;
  /** Ends of attempts whose values are on their way, as they were reported. */
  readonly #underWay = new Set<Finished>();

  /** @param cacheOf the cache that the result of an attempt is meant for; undefined: none */
  constructor(
    team: string,
    values: Pick<Values, "write">,
    cacheOf: (attemptId: string) => PlacingCache | undefined,
  ) {
    this.#team = team;
    this.#values = values;
    this.#cacheOf = cacheOf;
  }

  /** Ends that have been reported and not been handed on yet. */
  get underWay(): Finished[] {
    return [...this.#underWay];
  }

  /**
   * Gives the values of a result that is to be remembered to a store of their own, beside passes, which it would hold
   * up, and hands the end on when that has taken them or refused.
   * @returns false, and nothing happens, when there is no such store, or nothing for it
   */
  tryPlace(event: ExecutorEvent, handOn: (event: Finished) => void): boolean {
    if (event.kind !== "finished") return false;
    const { outcome } = event;
    if (outcome.kind !== "succeeded" || outcome.uncacheable !== null || isPlaced(outcome)) return false;
    const cache = this.#cacheOf(event.attemptId);
    if (!cache?.placesValues) return false;
    this.#underWay.add(event);
    void this.#placeInCache(cache, outcome).then((placed) => {
      this.#underWay.delete(event);
      handOn(placed ? { ...event, outcome: placed } : event);
    });
    return true;
  }

  /** Never rejects: what is not placed goes to the database. */
  async #placeInCache(cache: PlacingCache, outcome: Succeeded): Promise<Succeeded | undefined> {
    const values = await hashed(outcome);
    const placed = await cache.place(this.#team, values);
    switch (placed.kind) {
      case "kept":
        return succeeded(
          outcome,
          values.map((value) => ({ ...value, store: placed.store })),
        );
      case "failed": {
        const refused: Succeeded & Pick<PlacedSuccess, "notPlaced"> = {
          ...outcome,
          notPlaced: placed.message,
        };
        return refused;
      }
      case "not_here":
        return undefined;
    }
  }

  /** True for an end whose values no store holds yet. */
  isUnplaced(event: { readonly kind: string }): boolean {
    return isFinished(event) && event.outcome.kind === "succeeded" && !isPlaced(event.outcome);
  }

  /** Likewise of all awaited attempts that have ended; resolves to `first`, which is among them, as it is then. */
  async placeAll<Event extends { readonly kind: string }>(
    events: (Event | ExecutorEvent)[],
    first: Event | ExecutorEvent,
    awaited: ReadonlyMap<string, unknown>,
  ): Promise<Event | ExecutorEvent> {
    const ended = events.flatMap((event, index) => {
      if (!isFinished(event) || event.outcome.kind !== "succeeded" || isPlaced(event.outcome)) return [];
      return awaited.has(event.attemptId) ? [{ event, index, outcome: event.outcome }] : [];
    });
    const placed = await this.#place(ended.map(({ outcome }) => outcome));
    for (const [place, { event, index }] of ended.entries())
      events[index] = { ...event, outcome: placed[place] ?? event.outcome };
    return events[0] ?? first;
  }

  /** Writes the values of a success into the database; any other outcome stays as it is. */
  async placeOne(outcome: AttemptOutcome): Promise<AttemptOutcome> {
    if (outcome.kind !== "succeeded") return outcome;
    return (await this.#place([outcome]))[0] ?? outcome;
  }

  /** Writes the values of several successes into the database, in one transaction; rejects when it is away. */
  async #place(outcomes: readonly Succeeded[]): Promise<AttemptOutcome[]> {
    const all = await Promise.all(outcomes.map(hashed));
    if (await this.#tryWrite(all.flat()))
      return outcomes.map((outcome, index) => succeeded(outcome, inDatabase(all[index] ?? [])));
    // The database refuses something: of which of them, only trying each one tells.
    const judged: AttemptOutcome[] = [];
    for (const [index, outcome] of outcomes.entries()) {
      const values = all[index] ?? [];
      const reason = await this.#refusalOf(values);
      judged.push(
        reason === undefined ? succeeded(outcome, inDatabase(values)) : notStorable(outcome, reason),
      );
    }
    return judged;
  }

  async #tryWrite(values: readonly Hashed[]): Promise<boolean> {
    return (await this.#refusalOf(values)) === undefined;
  }

  async #refusalOf(values: readonly Hashed[]): Promise<string | undefined> {
    try {
      await this.#values.write(this.#team, values);
      return undefined;
    } catch (error) {
      if (!(error instanceof MemodagError) || error.code !== ("result_not_storable" satisfies ErrorCode))
        throw error;
      return String(error.fields["reason"] ?? error.message);
    }
  }
}

type Hashed = PushedXCom & { readonly digest: string };

/** Hashed here: what a worker says of digests is never asked. */
async function hashed({ xcoms }: Succeeded): Promise<Hashed[]> {
  return await Promise.all(xcoms.map(async (xcom) => ({ ...xcom, digest: await digestOfBytes(xcom.bytes) })));
}

function inDatabase(values: readonly Hashed[]): PlacedXCom[] {
  return values.map((value) => ({ ...value, store: null }));
}

function succeeded(outcome: Succeeded, xcoms: readonly PlacedXCom[]): PlacedSuccess {
  const notPlaced = "notPlaced" in outcome ? String(outcome.notPlaced) : null;
  return { ...outcome, xcoms, notPlaced };
}

function isFinished(event: { readonly kind: string }): event is Finished {
  return event.kind === "finished";
}

function isPlaced(outcome: Succeeded): outcome is PlacedSuccess {
  return outcome.xcoms.every((xcom) => "store" in xcom);
}

/** The success as it was placed. @throws Error when it was not: a bug */
export function requirePlaced(outcome: Succeeded): PlacedSuccess {
  if (isPlaced(outcome)) return outcome;
  throw new Error("the values of a success are in no store yet");
}

function notStorable({ durationMs }: Succeeded, reason: string): AttemptOutcome {
  return { kind: "failed", error: unstorableError(reason), durationMs, retryable: false };
}
