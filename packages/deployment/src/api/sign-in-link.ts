// A link that signs a person in to the API of a deployment.

import { readFileSync } from "node:fs";
import { SignInCodes } from "@memodag/api";
import { MemodagError, systemClock } from "@memodag/core";
import { currentActor } from "../config/current-actor.ts";
import { readSecretKey } from "../config/secret-key.ts";
import { loadSettings, type ConfigChoice } from "../config/settings.ts";
import { addressFile } from "./address-file.ts";

/** A link that signs in. */
export interface SignInLink {
  readonly url: string;
  /** False: no API of this state directory runs. */
  readonly isRunning: boolean;
}

/**
 * Returns a link for the user of this process. It is valid for 15 minutes, once, at servers with the same state
 * directory.
 * @throws MemodagError `config_invalid` for a port that is chosen when the server starts, and none runs
 */
export async function signInLink(choice: ConfigChoice): Promise<SignInLink> {
  const { config } = await loadSettings(choice);
  const { host, port, publicUrl, tlsCertFile } = config.api;
  const running = findAddress(config.core.stateDir);
  if (running === undefined && publicUrl === undefined && port === 0) {
    throw new MemodagError(
      "config_invalid",
      "[api] port = 0 is another port at each start, and no API runs: start one, or set a port",
    );
  }
  const name = host.includes(":") ? `[${host}]` : host;
  const scheme = tlsCertFile === undefined ? "http" : "https";
  const base = running ?? publicUrl?.replace(/\/$/, "") ?? `${scheme}://${name}:${port}`;
  const code = new SignInCodes(readSecretKey(config.core.stateDir), systemClock).make(currentActor().name);
  return { url: `${base}/#in=${code}`, isRunning: running !== undefined };
}

function findAddress(stateDir: string): string | undefined {
  try {
    return readFileSync(addressFile(stateDir), "utf8");
  } catch {
    // No API of this state directory runs.
    return undefined;
  }
}
