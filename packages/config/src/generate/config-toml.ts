// Writes `config/memodag.toml`: every key with its default and what it does.

import type { KeyFacts } from "../key.ts";
import { type KnownSection, knownSections } from "../known-keys.ts";

const HEAD = `#:schema ./memodag.schema.json
# The config of memodag: every key with its default. What is commented out is unset by default.
#
# Looked for at --config, $MEMODAG_CONFIG, ./memodag.toml and ./config/memodag.toml. Any key can be
# overridden by an environment variable: MEMODAG__SECTION__KEY, as MEMODAG__CORE__PARALLELISM=4.
# Relative paths start from the folder of this file, or from the one above when that is named config.
# Durations carry a unit (ms, s, m, h, d, w), and so do sizes (B, KB, MB, GB, KiB, MiB, GiB).
# Keys marked (live) take effect while schedulers run; a change of another needs a restart.
`;

/** What one element of a list says, by key. */
type WrittenElement = Partial<Record<string, string | number>>;

/** The pool that is there also where none is written. */
const DEFAULT_POOL = { name: "default_pool", slots: 128 };

/** A bundle to write under `[[bundles]]`. */
export interface WrittenBundle {
  readonly name: string;
  readonly path: string;
}

/** The text of the commented config file, with the given bundle in it. */
export function renderConfigToml(bundle: WrittenBundle): string {
  return [HEAD, ...[...knownSections.values()].map((section) => renderSection(section, bundle))].join("\n");
}

function renderSection(section: KnownSection, bundle: WrittenBundle): string {
  const elements: Partial<Record<string, WrittenElement>> = { bundles: { ...bundle }, pools: DEFAULT_POOL };
  const written = elements[section.name] ?? {};
  // A list that is empty by default: an element without its keys would be a fault.
  const mark = section.isList && !elements[section.name] ? "# " : "";
  const header = section.isList ? `${mark}[[${section.name}]]` : `[${section.name}]`;
  const keys = [...section.keys].map(([name, facts]) => renderKey(name, facts, written[name]));
  return `# ${section.description}\n${header}\n${keys.join("")}`;
}

function renderKey(name: string, facts: KeyFacts, written: string | number | undefined): string {
  const value = written ?? facts.default;
  const assignment =
    value === undefined
      ? `# ${name} = ${JSON.stringify(facts.example)}`
      : `${name} = ${JSON.stringify(value)}`;
  return `# ${facts.description}${facts.live ? " (live)" : ""}\n${assignment}\n`;
}
