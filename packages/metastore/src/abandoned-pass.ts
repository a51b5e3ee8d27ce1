// Ends the transaction of a pass that cannot be written.

import type { PassOutcome } from "@memodag/core";

/** Thrown inside the transaction, so that nothing of it stays. */
export class AbandonedPass extends Error {
  readonly outcome: PassOutcome;

  constructor(outcome: PassOutcome) {
    super(outcome.kind);
    this.outcome = outcome;
  }
}
