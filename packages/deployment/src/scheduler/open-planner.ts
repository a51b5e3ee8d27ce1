// Assembles what foretells runs: the caches and surroundings of a scheduler, which only read.

import { randomBytes } from "node:crypto";
import type { LoadedConfig } from "@memodag/config";
import { systemClock, withCallTimeouts, type Logger } from "@memodag/core";
import type { RunPlanner } from "@memodag/operations";
import { turnOffReason } from "@memodag/operations/cache";
import { foreseeRun } from "@memodag/scheduler";
import { configOffReason } from "../config/config-off-reason.ts";
import { LiveConfig } from "../config/live-config.ts";
import { findSecretKey, SECRET_KEY_BYTES } from "../config/secret-key.ts";
import type { Deployment } from "../stores/deployment.ts";
import { explainingParts, openKeyMaker, openSurroundings } from "./key-parts.ts";
import { schedulerSettings } from "./live-settings.ts";
import { openCaches } from "./open-caches.ts";
import { openEntries } from "./open-entries.ts";

/** Opens it. The tasks' keys are those that a scheduler on this machine would make, with this process's environment. */
export async function openPlanner(
  deployment: Deployment,
  log: Logger,
  loaded: LoadedConfig,
): Promise<RunPlanner> {
  const live = new LiveConfig(loaded);
  const { core } = loaded.config;
  // A plan seals and stores nothing: it makes no key where there is none.
  const secretKey = findSecretKey(core.stateDir) ?? randomBytes(SECRET_KEY_BYTES);
  const caches = await openCaches(deployment, live, { secretKey, log });
  const keyMaker = openKeyMaker(deployment);
  const switchedOff = turnOffReason(
    await withCallTimeouts(deployment.cacheSwitch, "cacheSwitch", systemClock).find(),
  );
  return {
    foresee: async (request) =>
      await foreseeRun(
        {
          runs: withCallTimeouts(deployment.runs, "runs", systemClock),
          dags: withCallTimeouts(deployment.dags, "dags", systemClock),
          cache: caches.common,
          namedCaches: caches,
          values: deployment.values,
          entries: openEntries(deployment, live, log, { readsOnly: true }),
          keyMaker,
          keyMemos: withCallTimeouts(deployment.keyMemos, "keyMemos", systemClock),
          clock: systemClock,
          log,
          cachingOffReason: () => configOffReason(live.loaded) ?? switchedOff,
          secrets: { patterns: core.secretPatterns, key: secretKey },
          surroundings: openSurroundings(deployment),
          env: process.env,
          options: schedulerSettings(live),
          explaining: explainingParts(deployment),
        },
        request,
      ),
    close: async () => {
      await keyMaker.close();
      live.close();
    },
  };
}
