// Keeps what is shown up to date: answers that depend on a changed run are asked for anew, one round at a time.

import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { createContext, use, useEffect, useState, type ReactNode } from "react";
import { isAffected, type ChangedRun } from "./affected.ts";
import { followRuns, type LiveState } from "./run-stream.ts";

/** Milliseconds between two rounds. */
const ROUND_MS = 250;

const LiveContext = createContext<LiveState>("waiting");

const listeners = new Set<(run: ChangedRun) => void>();

/** Follows changes for what is inside. @param team whose runs; undefined: those of all teams */
export function LiveProvider({
  team,
  children,
}: {
  readonly team: string | undefined;
  readonly children: ReactNode;
}): ReactNode {
  const queryClient = useQueryClient();
  const [state, setState] = useState<LiveState>("waiting");
  useEffect(() => {
    const rounds = new Rounds(queryClient);
    return followRuns(team, {
      onRun(run) {
        for (const listener of listeners) listener(run);
        rounds.add(run);
      },
      onResync: () => void queryClient.invalidateQueries(),
      onState: setState,
    });
  }, [team, queryClient]);
  return <LiveContext value={state}>{children}</LiveContext>;
}

/** Whether changes are told as they happen. */
export function useLiveState(): LiveState {
  return use(LiveContext);
}

/** Calls a function with each changed run, for a page that asks for the difference by itself. It must not change. */
export function useChangedRuns(listener: (run: ChangedRun) => void): void {
  useEffect(() => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, [listener]);
}

/** Changes that come while answers are asked for belong to the next round: otherwise it would never end. */
class Rounds {
  readonly #queryClient: QueryClient;
  #waiting: ChangedRun[] = [];
  #isUnderWay = false;

  constructor(queryClient: QueryClient) {
    this.#queryClient = queryClient;
  }

  add(run: ChangedRun): void {
    this.#waiting.push(run);
    if (!this.#isUnderWay) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isUnderWay = true;
    while (this.#waiting.length > 0) {
      const runs = this.#waiting;
      this.#waiting = [];
      await this.#queryClient.invalidateQueries({
        predicate: ({ queryKey }) => isAffected(queryKey, runs),
      });
      await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
    }
    this.#isUnderWay = false;
  }
}
