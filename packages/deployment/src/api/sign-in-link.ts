// A link that signs a person in to the API of a deployment.

import { SignInCodes } from "@memodag/api";
import { MemodagError, systemClock } from "@memodag/core";
import { currentActor } from "../config/current-actor.ts";
import { readSecretKey } from "../config/secret-key.ts";
import { loadSettings, type ConfigChoice } from "../config/settings.ts";

/**
 * Returns a link for the user of this process. It is valid for 15 minutes, once, at servers with the same state
 * directory.
 * @throws MemodagError `config_invalid` for a port that is chosen when the server starts
 */
export async function signInLink(choice: ConfigChoice): Promise<{ url: string }> {
  const { config } = await loadSettings(choice);
  const { host, port, publicUrl, tlsCertFile } = config.api;
  if (publicUrl === undefined && port === 0) {
    throw new MemodagError(
      "config_invalid",
      "[api] port = 0 is another port at each start: take the link that the API server logs, or set a port",
    );
  }
  const name = host.includes(":") ? `[${host}]` : host;
  const scheme = tlsCertFile === undefined ? "http" : "https";
  const base = publicUrl?.replace(/\/$/, "") ?? `${scheme}://${name}:${port}`;
  const code = new SignInCodes(readSecretKey(config.core.stateDir), systemClock).make(currentActor().name);
  return { url: `${base}/#in=${code}` };
}
