// Compares two states of a config file, and tells which changes take effect without a restart.

import { camelCase, type Config } from "./config.ts";
import { listKeys, shownValue, type ShownKey, type WrittenKey } from "./describe-config.ts";
import { withValue } from "./document.ts";
import { valueAt } from "./faults.ts";
import { formatKeyPath, knownSections } from "./known-keys.ts";
import type { LoadedConfig } from "./load-config.ts";

/** A key whose value has changed, in a form that can be shown. */
export interface ConfigChange {
  /** Such as `core.parallelism` or `bundles[1].path`. */
  readonly path: string;
  /** Passwords are redacted. `null` if unset. */
  readonly before: ShownKey["value"];
  readonly after: ShownKey["value"];
  /** True if the change takes effect in running processes. */
  readonly isLive: boolean;
}

/** Returns the keys in which two configs differ, in the schema's order. */
export function compareConfigs(before: LoadedConfig, after: LoadedConfig): ConfigChange[] {
  const [from, to] = [before, after].map(({ document }) => keysByPath(document));
  if (!from || !to) throw new Error("two configs were given");
  return [...new Set([...from.keys(), ...to.keys()])].flatMap((path) => {
    const [old, next] = [from.get(path), to.get(path)];
    if ((old?.value ?? null) === (next?.value ?? null)) return [];
    const isLive = (old ?? next)?.facts.live === true;
    return [{ path, before: old ? shownValue(old) : null, after: next ? shownValue(next) : null, isLive }];
  });
}

/** Returns the running config with the live keys of `next`. */
export function withLiveKeys(running: LoadedConfig, next: LoadedConfig): LoadedConfig {
  let { document } = running;
  const sections = { ...running.config } as Record<string, unknown>;
  for (const { keyPath, facts } of listKeys(next.document)) {
    const [section, key] = keyPath;
    if (facts.live !== true || typeof section !== "string" || typeof key !== "string") continue;
    document = withValue(document, keyPath, valueAt(next.document, keyPath));
    const name = camelCase(section);
    const value = valueAt(next.config, [name, camelCase(key)]);
    sections[name] = { ...(sections[name] as object), [camelCase(key)]: value };
  }
  for (const { name, isList, keys } of knownSections.values()) {
    if (!isList || ![...keys.values()].every(({ live }) => live === true)) continue;
    document = withValue(document, [name], valueAt(next.document, [name]));
    sections[camelCase(name)] = valueAt(next.config, [camelCase(name)]);
  }
  return { ...next, document, config: sections as unknown as Config };
}

function keysByPath(document: LoadedConfig["document"]): Map<string, WrittenKey> {
  return new Map(listKeys(document).map((key) => [formatKeyPath(key.keyPath), key]));
}
