// The runtime of a handler, as far as it can affect a result: Node, machine, time zone and locale.

import { readlinkSync, statSync } from "node:fs";

/** How much of Node's version is part of a key: the full version, or the major version only. */
export const RUNTIME_LEVELS = ["exact", "major"] as const;

/** See {@link RUNTIME_LEVELS}. */
export type RuntimeLevel = (typeof RUNTIME_LEVELS)[number];

/** The `runtime` component of a cache key: short strings by name, such as `node` → `24.21.0`. */
export type RuntimeComponent = Readonly<Record<string, string>>;

/** Identifies a runtime. Cheap enough to compute at the start of every worker. */
export interface RuntimeIdentity {
  readonly node: string;
  readonly platform: string;
  readonly arch: string;
  /** Versions of ICU and of its time zone data; `none` without Intl. */
  readonly icu: string;
  /** The system's time zone, which applies if TZ is not set. */
  readonly systemZone: string;
  /** The variables that are set and change the behavior of Node. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Variables that determine time zone and locale. The key contains their effect, and every worker receives
 * them.
 */
export const LOCALE_VARIABLES: readonly string[] = ["TZ", "LC_ALL", "LC_MESSAGES", "LANG"];

/** Variables whose values are part of the key, because they select code or change how Node runs it. */
const NODE_VARIABLES = [
  "NODE_ENV",
  "NODE_ICU_DATA",
  "NODE_OPTIONS",
  "NODE_PATH",
  "NODE_PRESERVE_SYMLINKS",
  "NODE_PRESERVE_SYMLINKS_MAIN",
];

/**
 * Variables of the dynamic linker, which load other libraries into a process. Every worker receives them.
 */
const LINKER_VARIABLE = /^(?:LD_PRELOAD|LD_LIBRARY_PATH|DYLD_.+)$/;

/** Options that give Node more memory or make it report more. They do not affect results. */
const HARMLESS_OPTIONS =
  /(?:^|\s+)(?:--max-(?:old|semi)-space-size(?:=|\s+)\d+|--no-warnings|--trace-\w[\w-]*)(?=\s|$)/g;

/** Options that make Node run code that keys do not cover. */
const LOADING_OPTION =
  /(?:^|\s)(?:--import|--require|-r|--loader|--experimental-loader|--env-file(?:-if-exists)?)(?:=|\s+)(\S+)/;

const LOCALTIME = "/etc/localtime";

/** Returns the runtime of this process, whose environment is `env`. */
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
 * Returns the `runtime` component of the keys of handlers.
 * @param locale the default locale of Intl in such a process
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

/** Returns the default locale of Intl in this process. */
export function resolvedLocale(): string {
  // PluralRules is the cheapest way to ask: other classes take 20 ms on first use.
  return typeof Intl === "undefined" ? "none" : new Intl.PluralRules().resolvedOptions().locale;
}

/** Returns the first difference between two runtimes, such as `node 24.21.0 → 26.1.0`, or `null`. */
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

/** Returns the code that NODE_OPTIONS makes Node run and that keys do not cover, or `null`. */
export function codeInNodeOptions({ variables }: RuntimeIdentity): string | null {
  return LOADING_OPTION.exec(variables["NODE_OPTIONS"] ?? "")?.[0].trim() ?? null;
}

function majorOf(version: string): string {
  return version.split(".", 1)[0] ?? version;
}

function relevantOptions(options: string | undefined): string | undefined {
  return options?.replaceAll(HARMLESS_OPTIONS, "").trim();
}

/** Returns the name of the system's time zone, from the target of the link /etc/localtime. */
export function systemZone(): string {
  try {
    return readlinkSync(LOCALTIME).split("zoneinfo/").at(-1) ?? "UTC";
  } catch {
    // If it is a copy of a zone's file, it has no name: use its size and modification time.
    const found = statSync(LOCALTIME, { throwIfNoEntry: false });
    return found ? `file of ${found.size} bytes, ${found.mtimeMs}` : "UTC";
  }
}
