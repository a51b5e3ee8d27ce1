// Notices which environment variables a cached task reads and did not declare: they are not in its key.

/** The path under which a read of the whole environment is reported. */
const ALL = "env";

/** What counts as a read. */
export interface EnvironmentRules {
  /** Names that the task declared: they are in its key. */
  readonly declared: readonly string[];
  /** Names that libraries may read, such as `PATH`; `NODE_*` stands for all that begin so. */
  readonly ordinary: readonly string[];
  /** Url of the artifact: what is read from there is read by the author's own code. */
  readonly artifactUrl: string;
}

/**
 * Puts a view in the place of `process.env` that notes reads. The author's own code may read what is
 * declared and nothing else; a library may read what is ordinary, too. Node's own reads, which hand the
 * environment on to a child process, do not count.
 * @returns the undeclared names so far, as `env.NAME`, sorted; `env` when all of it was listed.
 */
export function watchEnvironment(rules: EnvironmentRules): () => string[] {
  const undeclared = new Set<string>();
  const declared = new Set(rules.declared);
  const note = (name: string | undefined): void => {
    if (name !== undefined && declared.has(name)) return;
    const reader = findReader();
    if (reader === undefined || reader.startsWith("node:")) return;
    const isOwn = reader === rules.artifactUrl;
    if (!isOwn && (name === undefined || isOrdinary(rules.ordinary, name))) return;
    undeclared.add(name === undefined ? ALL : `${ALL}.${name}`);
  };
  process.env = new Proxy(process.env, {
    get(target, name) {
      if (typeof name === "string") note(name);
      return Reflect.get(target, name) as unknown;
    },
    has(target, name) {
      if (typeof name === "string") note(name);
      return Reflect.has(target, name);
    },
    getOwnPropertyDescriptor(target, name) {
      if (typeof name === "string") note(name);
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
    ownKeys(target) {
      note(undefined);
      return Reflect.ownKeys(target);
    },
  });
  // Whoever lists all names looks each of them up as well.
  return () => (undeclared.has(ALL) ? [ALL] : [...undeclared].sort());
}

/** True when one of the patterns is the name, or stands for it, as `NODE_*` does. */
export function isOrdinary(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
}

/** The file that reads: the nearest caller that is not the worker itself. */
function findReader(): string | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = 16;
    Error.prepareStackTrace = (_error, sites) => sites.map((site) => site.getFileName());
    const trace: { stack?: unknown } = {};
    Error.captureStackTrace(trace, findReader);
    const files = trace.stack as (string | null | undefined)[];
    return files.find((file) => typeof file === "string" && file !== import.meta.url) ?? undefined;
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}
