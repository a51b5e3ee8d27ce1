// Which file of the repository imports which, types and dynamic imports counted.

import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

/** Nodes by name, with the names of those that they lead to. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

const IMPORT = /(?:^|[\s;}])(?:import|export)\s(?:[^"';]*?\sfrom\s*)?"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm;

/** The sources of all packages, by paths from the root with forward slashes. */
export function readImports(root: string): Graph {
  const files = globSync(["packages/*/src/**/*.{ts,tsx}", "migrations/src/**/*.ts"], { cwd: root });
  const entries = entriesOf(root);
  return new Map(
    files.map((file) => {
      const specifiers = specifiersIn(readFileSync(join(root, file), "utf8"));
      const targets = specifiers.flatMap((specifier) =>
        specifier.startsWith(".")
          ? [relative(root, resolve(root, dirname(file), specifier))]
          : (entries.get(specifier) ?? []),
      );
      return [file, new Set(targets.filter((target) => target !== file && existsSync(join(root, target))))];
    }),
  );
}

/** What a module imports. */
export function specifiersIn(text: string): string[] {
  // Comments and generated code in strings import nothing.
  const code = text.replaceAll(/^\s*(?:\/\/|\*|\/\*).*$/gm, "").replaceAll(/`[^`]*`/g, "``");
  return [...code.matchAll(IMPORT)].map(([, named, dynamic]) => named ?? dynamic ?? "");
}

/** The sources that names of our packages stand for. */
function entriesOf(root: string): ReadonlyMap<string, string> {
  const manifests = globSync(["packages/*/package.json", "migrations/package.json"], { cwd: root });
  return new Map(
    manifests.flatMap((path) => {
      const { name, exports = {} } = JSON.parse(readFileSync(join(root, path), "utf8")) as {
        name: string;
        exports?: Record<string, { source?: string }>;
      };
      return Object.entries(exports).flatMap(([subpath, { source }]): [string, string][] =>
        source === undefined ? [] : [[join(name, subpath), join(dirname(path), source)]],
      );
    }),
  );
}

/**
 * The same by folders. A file right below `src` is a room of its own: the front door of its package, or what all
 * of its folders rest on; so is an `index.ts`, which is the door of a folder.
 */
export function byFolder(files: Graph): Graph {
  const folders = new Map<string, Set<string>>();
  for (const [file, targets] of files) {
    const from = roomOf(file);
    const leads = folders.get(from) ?? new Set();
    folders.set(from, leads);
    for (const target of targets) if (roomOf(target) !== from) leads.add(roomOf(target));
  }
  return folders;
}

function roomOf(file: string): string {
  return file.endsWith("/index.ts") || dirname(file).endsWith("/src") ? file : dirname(file);
}

/** Every circle: nodes that lead to each other, sorted. */
export function circlesIn(graph: Graph): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (node: string): void => {
    const number = order.size;
    order.set(node, number);
    lowest.set(node, number);
    open.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) visit(next);
      if (open.includes(next)) lowest.set(node, Math.min(lowest.get(node) ?? 0, lowest.get(next) ?? 0));
    }
    if (lowest.get(node) !== number) return;
    const circle = open.splice(open.indexOf(node));
    if (circle.length > 1) circles.push(circle.sort());
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return circles;
}
