// Events of a Dag that is run to its end, as notes.

import type { RunEvent } from "@memodag/operations/runs";
import { PARENT_ENDED } from "./stop-cause.ts";
import { interruptedText } from "@memodag/operations/runs";

/** A line without its end. */
export function runEventText(event: RunEvent): string {
  switch (event.kind) {
    case "last_good":
      return `Running the last good version: ${event.fault}`;
    case "interrupted":
      return `${interruptedText(event.run)}.`;
    case "cancelling": {
      const { cause, dagId, runIds } = event;
      const again = cause === "SIGINT" ? "Press Ctrl-C again" : "Send it again";
      const hint = cause === PARENT_ENDED ? "" : ` ${again} to end at once.`;
      return `Got ${cause}: cancelling ${runIds.join(", ")} of ${dagId}.${hint}`;
    }
  }
}
