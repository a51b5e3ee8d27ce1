// What runs a handler, as far as it can change a result: Node, the machine, time zone and locale.

import { readlinkSync, statSync } from "node:fs";

/** How much of Node's version is in a key: all of it, or the major version alone. */
export const RUNTIME_LEVELS = ["exact", "major"] as const;

/** See {@link RUNTIME_LEVELS}. */
export type RuntimeLevel = (typeof RUNTIME_LEVELS)[number];

/** The `runtime` of a cache key: short texts by name, such as `node` → `24.21.0`. */
export type RuntimeComponent = Readonly<Record<string, string>>;

/** What tells one runtime from another, cheap enough for the start of every worker. */
export interface RuntimeIdentity {
  readonly node: string;
  readonly platform: string;
  readonly arch: string;
  /** Of ICU, and of the time zone data in it; `none` without Intl. */
  readonly icu: string;
  /** What the system's own time zone is, used where TZ is not set. */
  readonly systemZone: string;
  /** Variables that change what Node does, of those that are set. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Variables that decide on time zone and locale. The key has what comes of them, and every worker gets them. */
export const LOCALE_VARIABLES: readonly string[] = ["TZ", "LC_ALL", "LC_MESSAGES", "LANG"];

/** Variables that are in the key as they are: they choose code, or how Node runs it. */
const NODE_VARIABLES = [
  "NODE_ENV",
  "NODE_ICU_DATA",
  "NODE_OPTIONS",
  "NODE_PATH",
  "NODE_PRESERVE_SYMLINKS",
  "NODE_PRESERVE_SYMLINKS_MAIN",
];

/** Variables of the dynamic linker, by which other libraries run in a process: every worker gets them. */
const LINKER_VARIABLE = /^(?:LD_PRELOAD|LD_LIBRARY_PATH|DYLD_.+)$/;

/** Options that give Node more memory, or have it tell more, and change no result. */
const HARMLESS_OPTIONS =
  /(?:^|\s+)(?:--max-(?:old|semi)-space-size(?:=|\s+)\d+|--no-warnings|--trace-\w[\w-]*)(?=\s|$)/g;

/** Options by which Node runs code of which no key knows. */
const LOADING_OPTION =
  /(?:^|\s)(?:--import|--require|-r|--loader|--experimental-loader|--env-file(?:-if-exists)?)(?:=|\s+)(\S+)/;

const LOCALTIME = "/etc/localtime";

/** The runtime of this process, whose environment is `env`. */
export function runtimeIdentity(env: Readonly<Record<string, string | undefined>>): RuntimeIdentity {
  const { node, icu, tz } = process.versions;
  const variables: Record<string, string> = {};
  const linked = Object.keys(env).filter((name) => LINKER_VARIABLE.test(name));
  for (const name of [...NODE_VARIABLES, ...LOCALE_VARIABLES, ...linked.sort()]) {
    const value = name === "NODE_OPTIONS" ? relevantOptions(env[name]) : env[name];
    if (value !== undefined && value !== "") variables[name] = value;
  }
  return {
    node,
    platform: process.platform,
    arch: process.arch,
    icu: icu === undefined ? "none" : `${icu} tz${tz ?? ""}`,
    systemZone: systemZone(),
    variables,
  };
}

/**
 * The `runtime` of the keys of handlers.
 * @param locale what Intl takes in such a process where none is named
 */
export function runtimeComponent(
  identity: RuntimeIdentity,
  level: RuntimeLevel,
  locale: string,
): RuntimeComponent {
  const { node, platform, arch, icu, systemZone: zone, variables } = identity;
  const isMajor = level === "major";
  const component: Record<string, string> = {
    node: isMajor ? majorOf(node) : node,
    platform,
    arch,
    ...(!isMajor && { icu }),
    tz: variables["TZ"] ?? zone,
    locale,
  };
  for (const [name, value] of Object.entries(variables)) {
    if (!LOCALE_VARIABLES.includes(name)) component[name] = value;
  }
  return component;
}

/** The locale that Intl takes in this process where none is named. */
export function resolvedLocale(): string {
  // Of all that know it, this one loads the least: others take 20 ms the first time.
  return typeof Intl === "undefined" ? "none" : new Intl.PluralRules().resolvedOptions().locale;
}

/** The first difference between two runtimes, such as `node 24.21.0 → 26.1.0`; `null`: they are the same. */
export function runtimeDifference(
  before: RuntimeIdentity,
  after: RuntimeIdentity,
  level: RuntimeLevel,
): string | null {
  for (const name of ["node", "platform", "arch", "icu", "systemZone"] as const) {
    if (level === "major" && name === "icu") continue;
    const isNode = level === "major" && name === "node";
    const [from, to] = isNode ? [majorOf(before.node), majorOf(after.node)] : [before[name], after[name]];
    if (from !== to) return `${name} ${from} → ${to}`;
  }
  const names = new Set([...Object.keys(before.variables), ...Object.keys(after.variables)]);
  const name = [...names].sort().find((each) => before.variables[each] !== after.variables[each]);
  return name === undefined ? null : name;
}

/** The code that NODE_OPTIONS has Node run, of which no key knows; `null`: none. */
export function codeInNodeOptions({ variables }: RuntimeIdentity): string | null {
  return LOADING_OPTION.exec(variables["NODE_OPTIONS"] ?? "")?.[0].trim() ?? null;
}

function majorOf(version: string): string {
  return version.split(".", 1)[0] ?? version;
}

function relevantOptions(options: string | undefined): string | undefined {
  return options?.replaceAll(HARMLESS_OPTIONS, "").trim();
}

/** The name of the system's time zone, as the link at /etc/localtime has it. */
export function systemZone(): string {
  try {
    return readlinkSync(LOCALTIME).split("zoneinfo/").at(-1) ?? "UTC";
  } catch {
    // A copy of a zone's file has no name: size and time tell it from another one.
    const found = statSync(LOCALTIME, { throwIfNoEntry: false });
    return found ? `file of ${found.size} bytes, ${found.mtimeMs}` : "UTC";
  }
}
