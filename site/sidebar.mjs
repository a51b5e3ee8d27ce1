// The pages of the site, in the order in which they are listed: those of docs/README.md, and the reference.

import { readFileSync } from "node:fs";

/** Sections of docs/README.md, each with the pages that it links to. `pageOf` gives the address of a file. */
export function makeSidebar(path, pageOf) {
  const sections = [];
  for (const line of readFileSync(path, "utf8").split("\n")) {
    if (/^[A-Z].*:$/.test(line)) sections.push({ text: line.slice(0, -1), items: [] });
    if (!line.startsWith("- ")) continue;
    for (const [, text, target] of line.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g))
      sections
        .at(-1)
        ?.items.push({ text: text.replace(/^[a-z]/, (first) => first.toUpperCase()), link: pageOf(target) });
  }
  return [...sections, { text: "Functions and types", items: [{ text: "API", link: "/api/" }] }];
}
