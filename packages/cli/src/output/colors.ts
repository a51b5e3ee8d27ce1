// Colours of states and cache statuses, where they are shown.

import { styleText } from "node:util";
import type { stdout } from "./standard-streams.ts";
import type { CacheStatus, TaskInstanceState } from "@memodag/core";

type Style = Parameters<typeof styleText>[0];

const STYLES: Readonly<Record<TaskInstanceState | CacheStatus, Style>> = {
  none: "gray",
  scheduled: "gray",
  queued: "gray",
  running: "blue",
  success: "green",
  failed: "red",
  up_for_retry: "yellow",
  up_for_reschedule: "yellow",
  upstream_failed: "red",
  skipped: "gray",
  removed: "gray",
  hit: "cyan",
  populated: "green",
  staged: "blue",
  miss: "yellow",
  uncacheable: "yellow",
  rolled_back: "red",
  lookup_timeout: "red",
  lookup_failure: "red",
  put_failure: "red",
  disabled: "gray",
};

/** A state where one stands: at the start, or behind a comma, a colon or a number. */
const STATE = new RegExp(`(?<=^|[:,;] |\\d )(?:${Object.keys(STYLES).join("|")})(?=$|[,;:]| )`, "g");

/**
 * A string that is safe to print, with its states in colour where `output` shows colours: not in a file or a
 * pipe, and as `NO_COLOR` and `FORCE_COLOR` say.
 */
export function withStateColors(text: string, output: typeof stdout): string {
  if (!output.mayHaveColors) return text;
  const stream = output.stream();
  return text.replaceAll(STATE, (state) =>
    styleText(STYLES[state as keyof typeof STYLES], state, { stream, validateStream: true }),
  );
}
