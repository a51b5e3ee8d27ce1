// Writes `docs/reference/config.md`: every key with its type, its default and what it does.

import type { KeyFacts } from "../key.ts";
import { type KnownSection, knownSections } from "../known-keys.ts";

const HEAD = `# Configuration

<!-- Generated from the schema by \`npm run generate\`: do not edit. -->

The config is a TOML file: the one of \`--config\`, of \`$MEMODAG_CONFIG\`, \`./memodag.toml\` or
\`./config/memodag.toml\`. Relative paths start from its folder, or from the one above when that is named
\`config\`. [config/memodag.toml](../../config/memodag.toml) has every key with its default, and
[config/memodag.schema.json](../../config/memodag.schema.json) is for editors.

Any key can be overridden by an environment variable: \`MEMODAG__SECTION__KEY\`, and \`MEMODAG__BUNDLES__0__PATH\`
in a list. Durations carry a unit (ms, s, m, h, d, w), and so do sizes (B, KB, MB, GB, KiB, MiB, GiB).

Schedulers read the file again when it changes. Keys marked *live* take effect at once; for the others, the
log says which need a restart. A file with faults changes nothing: what held before goes on, and the log says
what is wrong. Files that \`url_file\` names are read at the start only.

At the start a file with faults is refused whole, and every fault is listed. \`memodag config check\` looks for them, and
\`memodag config show\` says where each value comes from.
`;

/** The reference of the config's keys, in Markdown. */
export function renderConfigReference(): string {
  return [HEAD, ...[...knownSections.values()].map(renderSection)].join("\n");
}

function renderSection(section: KnownSection): string {
  const header = section.isList ? `[[${section.name}]]` : `[${section.name}]`;
  const rows = [...section.keys].map(([name, facts]) => renderKey(name, facts));
  return `## ${header}

${section.description}

| key | value | default | |
| --- | --- | --- | --- |
${rows.join("\n")}
`;
}

function renderKey(name: string, facts: KeyFacts): string {
  const value = facts.default === undefined ? "" : `\`${JSON.stringify(facts.default)}\``;
  const [expected, description] = [facts.expected, facts.description].map(escapeText);
  return `| \`${name}\` | ${expected} | ${value} | ${description}${facts.live ? " *live*" : ""} |`;
}

function escapeText(text: string): string {
  return text.replaceAll(/[|*]/g, "\\$&");
}
