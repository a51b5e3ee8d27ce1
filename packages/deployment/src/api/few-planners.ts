// Few plans at a time: each holds the results that it follows in memory.

import type { RunPlanner } from "@memodag/operations";

/** Opens a planner. */
type OpenPlanner<Parts extends unknown[]> = (...parts: Parts) => Promise<RunPlanner>;

/** Returns the same function, which waits while `most` of its planners are open. */
export function fewPlanners<Parts extends unknown[]>(
  most: number,
  open: OpenPlanner<Parts>,
): OpenPlanner<Parts> {
  let free = most;
  const waiting: (() => void)[] = [];
  const leave = (): void => {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };
  return async (...parts) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => void waiting.push(resolve));
    try {
      const planner = await open(...parts);
      return {
        foresee: (request) => planner.foresee(request),
        close: async () => {
          try {
            await planner.close();
          } finally {
            leave();
          }
        },
      };
    } catch (error) {
      leave();
      throw error;
    }
  };
}
