// The environment in which Dag files are read.

/**
 * Variables by which Node talks to a process that it started itself, or that make it wait for someone: they
 * are meant for this process, and not for one that it starts.
 */
const NOT_HANDED_ON =
  /^(?:MEMODAG_|PG[A-Z]|WATCH_|NODE_(?:CHANNEL_|UNIQUE_ID$|TEST_|V8_COVERAGE$)|VSCODE_INSPECTOR_OPTIONS$)/;
const WAITS_OR_WATCHES = /^--(?:inspect|watch|test|debug)/;

/** Settings (`MEMODAG_*`) may hold the metadata database's URL: no Dag file sees them. */
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
