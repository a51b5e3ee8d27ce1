// Opens the REST API that a config describes, over the stores of a deployment.

import type { ApiServer } from "@memodag/api";
import { systemClock, type Logger } from "@memodag/core";
import { readSecretKey } from "../config/secret-key.ts";
import { readTls } from "../config/read-tls.ts";
import { configuredTeams } from "../config/configured-teams.ts";
import { operationContext, type Deployment } from "../stores/deployment.ts";

/** Options of {@link openConfiguredApi}. */
export interface ConfiguredApiOptions {
  /** Of the program. */
  readonly version: string;
  /** The folder of the web UI's files. Default: there are no pages. */
  readonly webFolder?: string | undefined;
  readonly log: Logger;
}

/**
 * Opens it.
 * @throws MemodagError `config_invalid`
 */
export async function openConfiguredApi(
  deployment: Deployment,
  { version, webFolder, log }: ConfiguredApiOptions,
): Promise<ApiServer> {
  const { config, loaded, apiTokens, apiSessions } = deployment;
  const { host, port, publicUrl, session } = config.api;
  const { openApiServer } = await import("@memodag/api");
  return await openApiServer({
    host,
    port,
    publicUrl,
    tls: readTls("api", config.api, loaded.projectDir),
    context: operationContext(deployment, { clock: systemClock, log }),
    credentials: { tokens: apiTokens, sessions: apiSessions },
    secret: readSecretKey(config.core.stateDir),
    sessionMs: session,
    teams: () => configuredTeams(config),
    version,
    webFolder,
    ready: async () => void (await deployment.runs.listLeaseOwners()),
    clock: systemClock,
    log,
  });
}
