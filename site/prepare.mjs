// Copies what the site shows to site/content. The files stay as they are on a host of repositories, where links
// between folders work; here, what is no page is a file to look at, and a link that leads nowhere ends the build.

import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const content = fileURLToPath(new URL("content/", import.meta.url));

const pages = [
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...globSync("docs/**/*.md", { cwd: root }),
  "bench/results/README.md",
  "packages/memodag/api.md",
];

/** Where the page of a Markdown file is. */
export function pagePath(path) {
  return path.replace(/(^|\/)README\.md$/, "$1index.md");
}

/** Writes site/content. */
export function prepareContent() {
  rmSync(content, { recursive: true, force: true });
  const dead = [];
  for (const path of pages) {
    const text = readFileSync(join(root, path), "utf8");
    // Code is left alone.
    const pieces = text.split(/(^```.*?^```$|`[^`\n]+`)/ms);
    const adapted = pieces.map((piece, index) => (index % 2 === 1 ? piece : withLinks(piece, path, dead)));
    write(pagePath(path), adapted.join(""));
  }
  if (dead.length > 0) throw new Error(`links that lead nowhere:\n${dead.join("\n")}`);
}

/** Has links of a page lead to pages and files of the site; adds those that lead nowhere to `dead`. */
export function withLinks(text, from, dead) {
  return text.replace(/\]\(([^)\s]+)\)/g, (link, target) => {
    if (/^(?:[a-z]+:|#)/.test(target)) return link;
    const [path, anchor] = target.split("#");
    const to = posix.join(posix.dirname(from), path);
    if (!existsSync(join(root, to))) dead.push(`${from}: ${target}`);
    else if (pages.includes(to)) return `](/${pagePath(to)}${anchor === undefined ? "" : `#${anchor}`})`;
    else if (statSync(join(root, to)).isDirectory()) return link.replace(target, "#");
    else {
      const file = join(content, "public/files", to);
      mkdirSync(dirname(file), { recursive: true });
      copyFileSync(join(root, to), file);
    }
    return `](/files/${to})`;
  });
}

function write(path, text) {
  const target = join(content, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}
