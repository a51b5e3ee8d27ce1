// Options of a service.

import type { ConfigChoice } from "../config/settings.ts";

/** How a service runs, and until when. */
export interface ServiceOptions extends ConfigChoice {
  /** Of memodag. */
  readonly version: string;
  /** Logs JSON lines. */
  readonly json?: boolean;
  /** Aborted to stop the service. */
  readonly signal: AbortSignal;
}
