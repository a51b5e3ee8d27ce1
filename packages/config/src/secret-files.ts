// Secrets in separate files: `url_file` as an alternative to `url`.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type ConfigDocument, withValue } from "./document.ts";
import { type ConfigFault, valueAt } from "./faults.ts";
import { formatKeyPath, type KeyPath, knownSections } from "./known-keys.ts";

const SUFFIX = "_file";

/** The keys that can be read from a file, each with the key that names the file. */
const secretKeys: readonly { readonly path: KeyPath; readonly filePath: KeyPath }[] = [
  ...knownSections.values(),
].flatMap((section) =>
  [...section.keys.keys()]
    .filter((key) => section.keys.has(key + SUFFIX))
    .map((key) => ({ path: [section.name, key], filePath: [section.name, key + SUFFIX] })),
);

/** Returns the path of the alternative key: `url` for `url_file` and vice versa. */
export function findTwin(path: KeyPath): KeyPath | undefined {
  const [place] = path.filter((part) => typeof part === "number");
  if (place !== undefined) {
    const twin = findTwin(path.filter((part) => typeof part !== "number"));
    return twin && [twin[0] ?? "", place, ...twin.slice(1)];
  }
  const text = formatKeyPath(path);
  for (const secret of secretKeys) {
    if (formatKeyPath(secret.path) === text) return secret.filePath;
    if (formatKeyPath(secret.filePath) === text) return secret.path;
  }
  return undefined;
}

/** Returns the document with the trimmed content of every secret file in place of its key. */
export function withSecrets(
  document: ConfigDocument,
  projectDir: string,
): { readonly document: ConfigDocument; readonly faults: readonly ConfigFault[] } {
  const faults: ConfigFault[] = [];
  let filled = document;
  for (const { path, filePath } of secretKeys.flatMap((secret) => inElements(secret, document))) {
    const file = valueAt(document, filePath);
    if (typeof file !== "string" || file === "") continue;
    if (valueAt(document, path) !== undefined) {
      faults.push({
        path: formatKeyPath(filePath),
        expected: `either ${formatKeyPath(path)} or ${formatKeyPath(filePath)}`,
        found: "both",
      });
      continue;
    }
    const secret = tryRead(resolve(projectDir, file));
    if (secret !== undefined) filled = withValue(filled, path, secret);
    else {
      faults.push({
        path: formatKeyPath(filePath),
        expected: "a readable file",
        found: JSON.stringify(file),
      });
    }
  }
  return { document: filled, faults };
}

/** Of a list of tables: the keys of each. */
function inElements(
  secret: (typeof secretKeys)[number],
  document: ConfigDocument,
): (typeof secretKeys)[number][] {
  const name = String(secret.path[0]);
  if (knownSections.get(name)?.isList !== true) return [secret];
  const elements = valueAt(document, [name]);
  if (!Array.isArray(elements)) return [];
  return elements.map((_, index) => ({
    path: [name, index, ...secret.path.slice(1)],
    filePath: [name, index, ...secret.filePath.slice(1)],
  }));
}

function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    // Whatever the reason, the fault names only the file, never its content.
    return undefined;
  }
}
