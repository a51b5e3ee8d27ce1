// Variables that Node and well-known packages read without effect on their results.

import { isOrdinary } from "../../worker-environment.ts";

const HARMLESS: Readonly<Record<string, readonly string[]>> = {
  // Amount of memory kept, number of threads, output.
  sharp: ["MALLOC_ARENA_MAX", "VIPS_CONCURRENCY", "G_DEBUG"],
  // Selects between equivalent implementations.
  "readable-stream": ["READABLE_STREAM"],
  ws: ["WS_NO_BUFFER_UTIL", "WS_NO_UTF_8_VALIDATE"],
  bufferutil: ["WS_NO_BUFFER_UTIL"],
  "graceful-fs": ["GRACEFUL_FS_PLATFORM", "TEST_GRACEFUL_FS_GLOBAL_PATCH"],
  // Location of a prebuilt binary.
  "node-gyp-build": ["PREBUILDS_ONLY", "LIBC", "npm_config_*"],
  // Output to a terminal, and its colours.
  "supports-color": ["TF_BUILD", "TEAMCITY_VERSION"],
  chalk: ["TF_BUILD", "TEAMCITY_VERSION"],
  "cli-width": ["CLI_WIDTH"],
  bluebird: ["BLUEBIRD_*"],
};

/** Variables that Node itself reads: for its own tests, and the number of colours of a terminal. */
const OF_NODE = [
  "WATCH_REPORT_DEPENDENCIES",
  "__MINIMATCH_TESTING_PLATFORM__",
  "TMUX",
  "TEAMCITY_VERSION",
  "CI_NAME",
  "TF_BUILD",
  "AGENT_NAME",
];

/** True if it does not affect what Node does. */
export function isHarmlessForNode(variable: string): boolean {
  return OF_NODE.includes(variable);
}

/** True if it does not affect what the package does. */
export function isHarmlessForPackage(packageName: string, variable: string): boolean {
  const patterns = HARMLESS[packageName];
  return patterns !== undefined && isOrdinary(patterns, variable);
}
