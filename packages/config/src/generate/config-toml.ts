// Generates `config/memodag.toml`: every key with its default and description.

import type { KeyFacts } from "../schema/key.ts";
import { type KnownSection, knownSections } from "../known-keys.ts";

const HEAD = `#:schema ./memodag.schema.json
# Configuration of memodag: every key with its default. Keys that are commented out are unset by default.
#
# Looked up at --config, $MEMODAG_CONFIG, memodag.toml and config/memodag.toml, here or above. Any key can be
# overridden by an environment variable: MEMODAG__SECTION__KEY, such as MEMODAG__CORE__PARALLELISM=4.
# Relative paths are resolved against this file's folder, or its parent if the folder is named config.
# Durations have a unit (ms, s, m, h, d, w), and so do sizes (B, KB, MB, GB, KiB, MiB, GiB).
# Keys marked (live) take effect while schedulers run; changes of other keys need a restart.
`;

/** The keys to write for one element of a list. */
type WrittenElement = Partial<Record<string, string | number>>;

/** The pool that exists even if the config does not define it. */
const DEFAULT_POOL = { name: "default_pool", slots: 128 };

/** A bundle to write under `[[bundles]]`. */
export interface WrittenBundle {
  readonly name: string;
  readonly path: string;
}

/** Renders the commented config file, with the given bundle in it. */
export function renderConfigToml(bundle: WrittenBundle): string {
  return [HEAD, ...[...knownSections.values()].map((section) => renderSection(section, bundle))].join("\n");
}

function renderSection(section: KnownSection, bundle: WrittenBundle): string {
  const elements: Partial<Record<string, WrittenElement>> = { bundles: { ...bundle }, pools: DEFAULT_POOL };
  const written = elements[section.name] ?? {};
  // A list that is empty by default is commented out: an element without its keys would be invalid.
  const mark = section.isList && !elements[section.name] ? "# " : "";
  const header = section.isList ? `${mark}[[${section.name}]]` : `[${section.name}]`;
  const keys = [...section.keys].map(([name, facts]) => renderKey(name, facts, written[name], mark));
  return `# ${section.description}\n${header}\n${keys.join("")}`;
}

function renderKey(
  name: string,
  facts: KeyFacts,
  written: string | number | undefined,
  mark: string,
): string {
  const value = written ?? facts.default;
  if (facts.computed !== undefined) {
    return `# ${facts.description}${facts.live ? " (live)" : ""}\n# Default: ${facts.computed}.\n# ${name} = 16\n`;
  }
  const assignment =
    value === undefined
      ? `# ${name} = ${JSON.stringify(facts.example)}`
      : `${mark}${name} = ${JSON.stringify(value)}`;
  return `# ${facts.description}${facts.live ? " (live)" : ""}\n${assignment}\n`;
}
