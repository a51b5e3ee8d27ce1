// The REST API of a project, on a port of its own.

import { openApiServer, type ApiServer, type ApiServerOptions } from "@memodag/api";
import { silentLogger, systemClock } from "@memodag/core";
import { loadSettings } from "@memodag/deployment/config";
import { openPlanner } from "@memodag/deployment/scheduler";
import { nameFault, operationContext, withDeployment } from "@memodag/deployment/stores";
import { join } from "node:path";
import type { Project } from "./project.ts";

/** Has work ask the API of a project. */
export async function withApi<T>(
  project: Project,
  work: (server: ApiServer) => Promise<T>,
  limits: ApiServerOptions["limits"] = {
    readsPerSecond: 10_000,
    actsPerMinute: 100_000,
    failuresPerMinute: 100_000,
  },
  more: Pick<ApiServerOptions, "oidc" | "grants"> = {},
): Promise<T> {
  const loaded = await loadSettings({ config: join(project.folder, "memodag.toml") });
  return await withDeployment({ loaded, log: silentLogger }, async (deployment) => {
    const { apiTokens, apiSessions } = deployment;
    const server = await openApiServer({
      host: "127.0.0.1",
      port: 0,
      context: operationContext(deployment, { clock: systemClock, log: silentLogger, openPlanner }),
      credentials: { tokens: apiTokens, sessions: apiSessions },
      secret: new Uint8Array(32),
      sessionMs: 900_000,
      teams: () => loaded.config.bundles.map(({ team }) => team),
      version: "0.1.0",
      examine: async () => ({ ok: true, checks: [{ check: "config", status: "ok", message: "none" }] }),
      nameFault,
      ready: async () => void (await deployment.runs.listLeaseOwners()),
      limits,
      ...more,
      clock: systemClock,
      log: silentLogger,
    });
    try {
      return await work(server);
    } finally {
      await server.close();
    }
  });
}
