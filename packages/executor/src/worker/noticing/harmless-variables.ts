// Variables that Node and well-known packages read, and that change no result of theirs.

import { isOrdinary } from "../../worker-environment.ts";

const HARMLESS: Readonly<Record<string, readonly string[]>> = {
  // How much memory is kept, how many threads work, what is printed.
  sharp: ["MALLOC_ARENA_MAX", "VIPS_CONCURRENCY", "G_DEBUG"],
  // Which of two implementations of one behaviour is taken.
  "readable-stream": ["READABLE_STREAM"],
  ws: ["WS_NO_BUFFER_UTIL", "WS_NO_UTF_8_VALIDATE"],
  bufferutil: ["WS_NO_BUFFER_UTIL"],
  "graceful-fs": ["GRACEFUL_FS_PLATFORM", "TEST_GRACEFUL_FS_GLOBAL_PATCH"],
  // Where and how a prebuilt binary is looked for.
  "node-gyp-build": ["PREBUILDS_ONLY", "LIBC", "npm_config_*"],
  // What is printed to a terminal, and in which colour.
  "supports-color": ["TF_BUILD", "TEAMCITY_VERSION"],
  chalk: ["TF_BUILD", "TEAMCITY_VERSION"],
  "cli-width": ["CLI_WIDTH"],
  bluebird: ["BLUEBIRD_*"],
};

/** What Node itself asks for: about its own tests, and how many colours a terminal has. */
const OF_NODE = [
  "WATCH_REPORT_DEPENDENCIES",
  "__MINIMATCH_TESTING_PLATFORM__",
  "TMUX",
  "TEAMCITY_VERSION",
  "CI_NAME",
  "TF_BUILD",
  "AGENT_NAME",
];

/** True when it makes no difference to what Node does. */
export function isHarmlessForNode(variable: string): boolean {
  return OF_NODE.includes(variable);
}

/** True when it makes no difference to what the package does. */
export function isHarmlessForPackage(packageName: string, variable: string): boolean {
  const patterns = HARMLESS[packageName];
  return patterns !== undefined && isOrdinary(patterns, variable);
}
