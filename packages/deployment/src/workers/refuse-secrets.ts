// Refuses secrets in the config of a worker: its tasks run on its machine, and could read them.

import type { LoadedConfig } from "@memodag/config";
import { MemodagError } from "@memodag/core";

/** Keys that workers need none of. */
const KEYS: readonly (readonly [section: string, key: string])[] = [
  ["database", "url"],
  ["database", "url_file"],
  ["task_cache", "url"],
  ["task_cache", "url_file"],
  ["task_cache", "backend_options"],
  ["task_cache", "backend_options_file"],
  ["signatures", "private_key"],
  ["signatures", "key_file"],
];

/** Lists of tables that workers need none of: the scheduler and the API use them for tasks. */
const LISTS = ["stores", "caches", "variables"];

/**
 * Refuses the config of a worker that has what only schedulers need.
 * @throws MemodagError `config_invalid`
 */
export function refuseSecrets({ document, variables, file }: LoadedConfig): void {
  const sections = document as Readonly<Record<string, unknown>>;
  const found = [
    ...KEYS.filter(([section, key]) => isSet(sections[section], key)).map(
      ([section, key]) => `${section}.${key}`,
    ),
    ...LISTS.filter((name) => Array.isArray(sections[name]) && sections[name].length > 0),
  ];
  const [first] = found;
  if (first === undefined) return;
  const variable = variables.get(first);
  const place = variable ?? (first.includes(".") ? `[${first.replace(".", "] ")}` : `[[${first}]]`);
  throw new MemodagError(
    "config_invalid",
    `${place} is set for a worker, whose tasks could read it${variable === undefined && file !== null ? ` in ${file}` : ""}: ` +
      "a worker needs none. Remove it, or give the worker a config of its own with --config",
    { fields: { keys: found } },
  );
}

function isSet(section: unknown, key: string): boolean {
  if (typeof section !== "object" || section === null) return false;
  const value = (section as Readonly<Record<string, unknown>>)[key];
  return value !== undefined && value !== "";
}
