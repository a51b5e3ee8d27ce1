// The environment in which Dag files are read.

/**
 * Variables for communication between Node and the processes it starts, or that make a process wait for a
 * debugger. They are meant for this process only.
 */
const NOT_HANDED_ON =
  /^(?:MEMODAG_|PG[A-Z]|WATCH_|NODE_(?:CHANNEL_|UNIQUE_ID$|TEST_|V8_COVERAGE$)|VSCODE_INSPECTOR_OPTIONS$)/;
const WAITS_OR_WATCHES = /^--(?:inspect|watch|test|debug)/;

/** Settings (`MEMODAG_*`) may contain the metadata database's URL, so Dag files do not receive them. */
export function loaderEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(env)) {
    if (!NOT_HANDED_ON.test(name)) kept[name] = name === "NODE_OPTIONS" ? withoutWaiting(value ?? "") : value;
  }
  if (kept["NODE_OPTIONS"] === "") delete kept["NODE_OPTIONS"];
  return kept;
}

function withoutWaiting(options: string): string {
  return options
    .split(/\s+/)
    .filter((option) => option !== "" && !WAITS_OR_WATCHES.test(option))
    .join(" ");
}
