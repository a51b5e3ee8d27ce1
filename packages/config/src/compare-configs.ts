// What is different between two states of a config file, and which of it may hold without a restart.

import { camelCase, type Config } from "./config.ts";
import { listKeys, shownValue, type ShownKey, type WrittenKey } from "./describe-config.ts";
import { withValue } from "./document.ts";
import { valueAt } from "./faults.ts";
import { formatKeyPath } from "./known-keys.ts";
import type { LoadedConfig } from "./load-config.ts";

/** One key that says something else than before; fit to be shown. */
export interface ConfigChange {
  /** Such as `core.parallelism` or `bundles[1].path`. */
  readonly path: string;
  /** Without passwords; `null` for nothing. */
  readonly before: ShownKey["value"];
  readonly after: ShownKey["value"];
  /** True when it takes effect in a process that is running. */
  readonly isLive: boolean;
}

/** The keys in which two configs differ, in the schema's order. */
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

/** The running config with what `next` says of the keys that may change while it runs. */
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
  return { ...next, document, config: sections as unknown as Config };
}

function keysByPath(document: LoadedConfig["document"]): Map<string, WrittenKey> {
  return new Map(listKeys(document).map((key) => [formatKeyPath(key.keyPath), key]));
}
