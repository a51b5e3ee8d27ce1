// The checks of `config check` beyond the file itself: the folders that it names must exist.

import { statSync } from "node:fs";
import { configInvalid } from "./faults.ts";
import type { LoadedConfig } from "./load-config.ts";

/**
 * Rejects a config with a bundle whose folder does not exist. Loading does not check this, because most
 * commands do not need the folders.
 * @throws MemodagError `config_invalid`, naming every missing folder.
 */
export function checkFolders({ config, file }: LoadedConfig): void {
  const faults = config.bundles.flatMap(({ path }, index) =>
    statSync(path, { throwIfNoEntry: false })?.isDirectory()
      ? []
      : [{ path: `bundles[${index}].path`, expected: "an existing folder", found: JSON.stringify(path) }],
  );
  if (faults.length > 0) throw configInvalid(file ?? "The environment", faults);
}
