// Advises what to do about inputs that a cached task used without declaring them.

import { findReason } from "@memodag/core";
import type { Explanation } from "./explanation.ts";

type ExplainedReason = Pick<Explanation, "cacheReasonCode" | "cacheReasonDetail">;

/** The trust option that covers each kind of name in {@link adviceFor}. */
const TRUSTS: readonly (readonly [begin: string, trust: string])[] = [
  ["child_process", "child_process"],
  ["worker_threads", "worker_threads"],
  ["addon:", "addons"],
  ["import:", "imports"],
  ["wasi", "file_reads"],
  ["sqlite_attach", "file_reads"],
];
/** Names that cannot become part of a key. */
const HOPELESS = ["env", "inspector", "process.binding", "process.report"];
const MORE = /^\d+ more (?:files|variables)$/;
/** Of a job cache: `jobCache(grid)`, or `grids(tiles/*)` of a named one. */
const ENTRIES = /^(?<cache>(?!(?:xcom|value|ifAbsent)\()[\w-]+)\((?<pattern>.+)\)$/s;
/** Of a value cache: `value(rates.EUR)`. */
const VALUE = /^value\((?<cache>[\w-]+)/;
/** A key that was saved with `ifAbsent`: `ifAbsent(jobCache(lock))`. */
const IF_ABSENT = "ifAbsent(";
const BY_PACKAGE = / \(package (.+)\)$/;

/**
 * Sentences for the reason `undeclared_input`, with the names placed where they are declared. `null` for
 * another reason, or when nothing can be done.
 */
export function adviceFor({ cacheReasonCode, cacheReasonDetail }: ExplainedReason): string | null {
  const reason = findReason(cacheReasonCode, cacheReasonDetail);
  const names = reason?.code === "undeclared_input" ? reason.detail.names : [];
  const told = names.filter((name) => !HOPELESS.includes(name) && !MORE.test(name));
  const variables = told.filter((name) => name.startsWith("env."));
  const files = told.filter((name) => name.startsWith("file:"));
  const trusts = new Set(told.flatMap((name) => trustFor(name) ?? []));
  const entries = told.filter((name) => ENTRIES.test(name));
  const values = told.flatMap((name) => VALUE.exec(name)?.groups?.["cache"] ?? []);
  const fields = told.filter(
    (name) =>
      !variables.includes(name) &&
      !files.includes(name) &&
      !entries.includes(name) &&
      !VALUE.test(name) &&
      !name.startsWith(IF_ABSENT) &&
      trustFor(name) === undefined,
  );
  const parts = [
    ...part("includeInputs", fields),
    ...partOfReads(entries),
    ...part("env", distinct(variables.map((name) => plain(name).slice("env.".length)))),
    ...part("files", distinct(files.map((name) => globFor(plain(name).slice("file:".length))))),
  ];
  const sentences = [
    ...(parts.length === 0 ? [] : [`To cache it, declare what it reads: cache: { ${parts.join(", ")} }.`]),
    ...variables.flatMap((name) => {
      const packageName = BY_PACKAGE.exec(name)?.[1];
      if (packageName === undefined) return [];
      const variable = plain(name).slice("env.".length);
      return [
        `If ${variable} changes nothing that ${packageName} returns, add it to [task_cache] ordinary_env.`,
      ];
    }),
    ...distinct(values).map(
      (cache) =>
        `If a key of the value cache ${cache} always has the same value, say so: getValueCache(${JSON.stringify(cache)}, { pure: true }).`,
    ),
    ...(told.some((name) => name.startsWith(IF_ABSENT))
      ? [
          "What ifAbsent does depends on which task is first: save without it, or in a task that is not cached.",
        ]
      : []),
    ...(trusts.size === 0
      ? []
      : [
          `If its result does not depend on them, vouch for it: cache: { ${part("trust", [...trusts]).join("")} }.`,
        ]),
  ];
  return sentences.length === 0 ? null : sentences.join(" ");
}

function trustFor(name: string): string | undefined {
  return TRUSTS.find(([begin]) => (begin.endsWith(":") ? name.startsWith(begin) : name === begin))?.[1];
}

/** A directory that was listed is declared by its name. */
function globFor(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) || "/" : path;
}

function plain(name: string): string {
  return name.replace(BY_PACKAGE, "");
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)];
}

function partOfReads(names: readonly string[]): string[] {
  const read = names.map((name) => ENTRIES.exec(name)?.groups ?? {});
  const patternsOf = (entries: typeof read) => entries.map(({ pattern = "" }) => JSON.stringify(pattern));
  const byCache = Map.groupBy(read, ({ cache = "" }) => cache);
  if (byCache.size === 0) return [];
  const [only] = byCache.keys();
  if (byCache.size === 1 && only === "jobCache") return [`reads: [${patternsOf(read).join(", ")}]`];
  const caches = Array.from(byCache, ([cache, entries]) => {
    const name = /^[a-zA-Z_]\w*$/.test(cache) ? cache : JSON.stringify(cache);
    return `${name}: [${patternsOf(entries).join(", ")}]`;
  });
  return [`reads: { ${caches.join(", ")} }`];
}

function part(option: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  return [`${option}: [${names.map((name) => JSON.stringify(name)).join(", ")}]`];
}
