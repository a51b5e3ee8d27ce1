// Opens the REST API that a config describes, over the stores of a deployment.

import type { ApiServer } from "@memodag/api";
import { systemClock, type Logger } from "@memodag/core";
import { readSecretKey } from "../config/secret-key.ts";
import { readTls } from "../config/read-tls.ts";
import { operationContext, type Deployment } from "../stores/deployment.ts";

/**
 * Opens it.
 * @throws MemodagError `config_invalid`
 */
export async function openConfiguredApi(
  deployment: Deployment,
  { version, log }: { readonly version: string; readonly log: Logger },
): Promise<ApiServer> {
  const { config, loaded, apiTokens: tokens } = deployment;
  const { host, port, publicUrl } = config.api;
  const { openApiServer } = await import("@memodag/api");
  return await openApiServer({
    host,
    port,
    publicUrl,
    tls: readTls("api", config.api, loaded.projectDir),
    context: operationContext(deployment, { clock: systemClock, log }),
    tokens,
    secret: readSecretKey(config.core.stateDir),
    version,
    ready: async () => void (await deployment.runs.listLeaseOwners()),
    clock: systemClock,
    log,
  });
}
