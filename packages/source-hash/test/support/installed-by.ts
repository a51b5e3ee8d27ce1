// Packages that are installed as a lockfile says.

import type { InstalledFiles } from "@memodag/source-hash";

/** Their integrity is what is in them, and loading them does nothing unless they say so. */
export function installedBy(lock: string): InstalledFiles {
  const { packages } = JSON.parse(lock) as { packages: Record<string, { integrity?: string }> };
  const at = (folder: string) => packages[folder.slice("/project/".length)];
  return {
    read(path) {
      const found = at(path.replace(/\/package\.json$/, ""));
      const name = path.replace(/\/package\.json$/, "").replace(/^.*node_modules\//, "");
      return found ? { text: JSON.stringify({ name, sideEffects: false, ...found }), path } : null;
    },
    // eslint-disable-next-line require-yield -- it is all there
    *contentsOf(folder) {
      return { digest: at(folder)?.integrity ?? "", imports: [] };
    },
  };
}
