// Options of a service.

import type { ConfigChoice } from "../config/settings.ts";

/** How a service runs, and until when. */
export interface ServiceOptions extends ConfigChoice {
  /** Logs JSON lines. */
  readonly json?: boolean;
  /** Aborted when the service is to end. */
  readonly signal: AbortSignal;
}
