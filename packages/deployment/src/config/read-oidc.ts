// The OpenID provider of the config, with the secret that a file has.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { OidcSettings } from "@memodag/api";
import type { LoadedConfig } from "@memodag/config";
import { MemodagError, messageOf } from "@memodag/core";

/** Returns it; undefined: there is none. @throws MemodagError `config_invalid` for a secret that cannot be read */
export function readOidc({ config, projectDir }: LoadedConfig): OidcSettings | undefined {
  const { issuer, clientId, clientSecretFile, scopes, groupsClaim } = config.apiOidc;
  if (issuer === undefined || clientId === undefined) return undefined;
  const clientSecret =
    clientSecretFile === undefined ? undefined : readSecret(resolve(projectDir, clientSecretFile));
  return { issuer, clientId, clientSecret, scopes, groupsClaim };
}

function readSecret(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    throw new MemodagError(
      "config_invalid",
      `[api_oidc] client_secret_file cannot be read (${messageOf(error)}): put the secret there`,
      { cause: error, fields: { path } },
    );
  }
}
