// Interprets the renewal of leases: a held run whose lease was not renewed is lost, and a lease without a run
// is released.

import type { HeldRuns } from "./held-runs.ts";
import { LeaseKeeper, type LeaseKeeperParts } from "./lease-keeper.ts";
import type { RunClaims } from "./run-claims.ts";

/** The runs whose leases are kept, and the actions on their leases. */
export interface LeaseHolder {
  readonly held: HeldRuns;
  readonly claims: RunClaims;
  /** True for a run that is being loaded again, or whose attempts are being ended. */
  readonly isMoving: (id: number) => boolean;
  readonly giveBack: (runIds: readonly number[]) => void;
  /** No lease could be renewed within the length of a lease. */
  readonly onExpired: () => void;
}

/** Creates a keeper of the leases of held runs. */
export function keepLeases(
  parts: Omit<LeaseKeeperParts, "ask" | "onExpired">,
  { held, claims, isMoving, giveBack, onExpired }: LeaseHolder,
): LeaseKeeper {
  return new LeaseKeeper({
    ...parts,
    ask: () => {
      const asked = held.ids();
      if (asked.size === 0) return undefined;
      const claimCount = claims.count;
      return (renewed) => {
        for (const id of held.ids()) {
          if (renewed.has(id)) held.wakeToSubmit(id);
          else if (asked.has(id)) held.loseUnrenewed(id);
        }
        // Leases without a run, left by a claim that was interrupted: no execution would ever use them.
        const isSettled = !claims.isClaiming && claimCount === claims.count;
        const strays = [...renewed].filter((id) => !held.has(id) && !isMoving(id));
        if (isSettled && strays.length > 0) giveBack(strays);
      };
    },
    onExpired: () => {
      for (const id of held.ids()) held.lose(id);
      onExpired();
    },
  });
}
