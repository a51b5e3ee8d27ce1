// Generates `docs/reference/config.md`: every key with its type, default and description.

import type { KeyFacts } from "../schema/key.ts";
import { type KnownSection, knownSections } from "../known-keys.ts";

const HEAD = `# Configuration

<!-- Generated from the schema by \`npm run generate\`: do not edit. -->

The config is a TOML file: the one given by \`--config\` or \`$MEMODAG_CONFIG\`, or else \`./memodag.toml\` or
\`./config/memodag.toml\`. Relative paths are resolved against its folder, or against the parent folder if that
folder is named \`config\`. [config/memodag.toml](../../config/memodag.toml) lists every key with its default;
[config/memodag.schema.json](../../config/memodag.schema.json) adds completion and checks to editors.

Any key can be overridden by an environment variable: \`MEMODAG__SECTION__KEY\`, or \`MEMODAG__BUNDLES__0__PATH\`
for lists. Durations have a unit (ms, s, m, h, d, w), and so do sizes (B, KB, MB, GB, KiB, MiB, GiB).

Schedulers reload the file when it changes. Keys marked *live* take effect at once; for other keys, the log
names those that need a restart. If the changed file is invalid, the previous settings stay in effect and the
errors are logged. Files named by \`url_file\` are read only at startup.

At startup an invalid file is rejected with a list of all errors. \`memodag config check\` validates a file, and
\`memodag config show\` shows where each value comes from.
`;

/** Renders the reference of the config's keys, in Markdown. */
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
  const value = facts.computed ?? (facts.default === undefined ? "" : `\`${JSON.stringify(facts.default)}\``);
  const [expected, description] = [facts.expected, facts.description].map(escapeText);
  return `| \`${name}\` | ${expected} | ${value} | ${description}${facts.live ? " *live*" : ""} |`;
}

function escapeText(text: string): string {
  return text.replaceAll(/[|*]/g, "\\$&");
}
