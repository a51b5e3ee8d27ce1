// Loads the config: finds the file, applies the environment, and reports all faults at once.

import { relative } from "node:path";
import { bundleFaults } from "./bundle-rules.ts";
import { cacheFaults } from "./cache-rules.ts";
import { type Config, toConfig } from "./config.ts";
import { type ConfigDocument, readDocument, withValue } from "./document.ts";
import { readOverrides } from "./environment.ts";
import { configInvalid } from "./faults.ts";
import { type ConfigLookup, findConfigFile, projectDirOf } from "./find-config-file.ts";
import { formatKeyPath } from "./known-keys.ts";
import { poolFaults } from "./pool-rules.ts";
import { readValues } from "./read-document.ts";
import { apiFaults } from "./api-rules.ts";
import { retentionFaults } from "./retention-rules.ts";
import { signatureFaults } from "./signature-rules.ts";
import { scopeFaults } from "./scope-rules.ts";
import { sizeFaults } from "./size-rules.ts";
import { findTwin, withSecrets } from "./secret-files.ts";
import { storeFaults } from "./store-rules.ts";
import { variableFaults } from "./variable-rules.ts";

/** A valid config and its sources. */
export interface LoadedConfig {
  readonly config: Config;
  /** Absolute path of the file; `null` if the built-in defaults apply. */
  readonly file: string | null;
  /** The folder that relative paths were resolved against. */
  readonly projectDir: string;
  /** The values as written in the file and environment. Contains secrets, so do not show it. */
  readonly document: ConfigDocument;
  /** Maps a key's path to the environment variable that set it. */
  readonly variables: ReadonlyMap<string, string>;
}

/**
 * Loads the config selected by `lookup`.
 * @throws MemodagError `config_not_found`, or `config_invalid` with all faults.
 */
export function loadConfig(lookup: ConfigLookup): LoadedConfig {
  const file = findConfigFile(lookup);
  const label = file === undefined ? "The environment" : relative(lookup.cwd, file) || file;
  const projectDir = file === undefined ? lookup.cwd : projectDirOf(file);
  const { overrides, faults: overrideFaults } = readOverrides(lookup.env);

  let written: ConfigDocument = file === undefined ? {} : readDocument(file, label);
  const variables = new Map<string, string>();
  for (const { variable, path, value } of overrides) {
    variables.set(formatKeyPath(path), variable);
    written = withValue(written, path, value);
    const twin = findTwin(path);
    // The environment overrides both forms in the file: its `url` also overrides the file's `url_file`,
    // and vice versa.
    if (twin !== undefined && !variables.has(formatKeyPath(twin)))
      written = withValue(written, twin, undefined);
  }

  const { document, faults: secretFaults } = withSecrets(written, projectDir);
  const read = readValues(document);
  const faults = [
    ...(read.kind === "valid"
      ? sizeFaults(read.parsed.database.url, read.parsed.core.max_xcom_size)
      : read.faults),
    ...apiFaults(document),
    ...bundleFaults(document),
    ...cacheFaults(document),
    ...poolFaults(document),
    ...retentionFaults(document),
    ...signatureFaults(document),
    ...scopeFaults(document),
    ...storeFaults(document),
    ...variableFaults(document),
    ...secretFaults,
  ].map((fault) => {
    const variable = variables.get(fault.path);
    return variable === undefined ? fault : { ...fault, path: `${variable} (${fault.path})` };
  });
  if (read.kind === "faulty" || faults.length > 0 || overrideFaults.length > 0) {
    throw configInvalid(label, [...faults, ...overrideFaults]);
  }
  return {
    config: toConfig(read.parsed, projectDir),
    file: file ?? null,
    projectDir,
    document: written,
    variables,
  };
}
