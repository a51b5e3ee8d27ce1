// What `config check` looks at beyond the file: are the folders there that it names?

import { statSync } from "node:fs";
import { configInvalid } from "./faults.ts";
import type { LoadedConfig } from "./load-config.ts";

/**
 * Refuses a config whose bundles have no folder. Loading does not: most commands work without.
 * @throws MemodagError `config_invalid`, naming every folder that is not there.
 */
export function checkFolders({ config, file }: LoadedConfig): void {
  const faults = config.bundles.flatMap(({ path }, index) =>
    statSync(path, { throwIfNoEntry: false })?.isDirectory()
      ? []
      : [{ path: `bundles[${index}].path`, expected: "a folder that is there", found: JSON.stringify(path) }],
  );
  if (faults.length > 0) throw configInvalid(file ?? "The environment", faults);
}
