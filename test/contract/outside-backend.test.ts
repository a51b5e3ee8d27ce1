// A backend that this repository knows nothing of: held to the contract, and in the service of real runs.

import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { silentLogger } from "@memodag/core";
import { openBackendModule, requireBackendModule, type OpenedBackend } from "@memodag/result-cache";
import { describeRecordStore, describeResultStore } from "@memodag/result-cache/testing";
import { afterAll, describe, test } from "vitest";

const source = fileURLToPath(new URL("fixtures/json-file-backend.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "memodag-outside-"));
afterAll(() => rmSync(folder, { recursive: true }));

const module = join(folder, "backend.mjs");
copyFileSync(source, module);
let opened = 0;

async function open(clock: { now(): number }): Promise<Required<OpenedBackend>> {
  const options = {
    options: `store-${(opened += 1)}.json`,
    projectDir: folder,
    lookupTimeoutMs: 500,
    storeTimeoutMs: 10_000,
    clock: { now: clock.now, monotonic: clock.now, after: () => () => undefined },
    log: silentLogger,
  };
  const outside = requireBackendModule(await import(pathToFileURL(module).href), "test");
  const backend = await openBackendModule(outside, options, ["records", "results"], "test");
  return backend as Required<OpenedBackend>;
}

const runner = { describe, test };

describeRecordStore(
  "a backend from outside",
  {
    async open() {
      let now = 1_700_000_000_000;
      const { records, close } = await open({ now: () => now });
      return { store: records, passTime: async (ms) => void (now += ms), close };
    },
  },
  runner,
);

describeResultStore(
  "a backend from outside",
  {
    async open() {
      const { results, close } = await open({ now: Date.now });
      return { store: results, close };
    },
  },
  runner,
);
