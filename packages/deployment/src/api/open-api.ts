// Opens the REST API that a config describes, over the stores of a deployment.

import { rmSync, writeFileSync } from "node:fs";
import type { ApiServer } from "@memodag/api";
import type { LoadedConfig } from "@memodag/config";
import type { RunPlanner } from "@memodag/operations";
import { messageOf, OWN_FILE_MODE, systemClock, type Logger } from "@memodag/core";
import { configuredTeams } from "../config/configured-teams.ts";
import { readSecretKey } from "../config/secret-key.ts";
import { readOidc } from "../config/read-oidc.ts";
import { readTls } from "../config/read-tls.ts";
import { readInstallation } from "../telemetry/installation-state.ts";
import type { ProcessTelemetry } from "../telemetry/open-telemetry.ts";
import { operationContext, type Deployment } from "../stores/deployment.ts";
import { nameFault } from "../stores/name-fault.ts";
import { addressFile } from "./address-file.ts";
import { fewPlanners } from "./few-planners.ts";

/** Options of {@link openConfiguredApi}. */
export interface ConfiguredApiOptions {
  /** Of the program. */
  readonly version: string;
  /** The folder of the web UI's files. Default: there are no pages. */
  readonly webFolder?: string | undefined;
  /** Takes the next free port if that of the config is taken. Default: false. */
  readonly nextPort?: boolean;
  readonly telemetry?: ProcessTelemetry | undefined;
  /** The config that applies now. */
  readonly current: () => LoadedConfig;
  readonly log: Logger;
}

/**
 * Opens it, and notes in the state directory where it listens.
 * @throws MemodagError `config_invalid`
 */
export async function openConfiguredApi(
  deployment: Deployment,
  { version, webFolder, nextPort, telemetry, log, current }: ConfiguredApiOptions,
): Promise<ApiServer> {
  const { config, loaded, apiTokens, apiSessions } = deployment;
  const { host, port, publicUrl, session } = config.api;
  const { openApiServer } = await import("@memodag/api");
  const context = operationContext(deployment, {
    clock: systemClock,
    log,
    openPlanner: fewPlanners(MOST_PLANS, openPlanner),
    current,
  });
  telemetry?.recordInstallation(() => readInstallation(context));
  const server = await openApiServer({
    host,
    port,
    nextPort,
    publicUrl,
    tls: readTls("api", config.api, loaded.projectDir),
    context,
    credentials: { tokens: apiTokens, sessions: apiSessions },
    secret: readSecretKey(config.core.stateDir),
    sessionMs: session,
    oidc: readOidc(deployment.loaded),
    grants: () => config.apiGrants.map(({ team = null, ...grant }) => ({ team, ...grant })),
    teams: () => configuredTeams(config),
    version,
    webFolder,
    examine: async () => {
      const { examine, reportFindings } = await import("../doctor/index.ts");
      const choice = loaded.file === null ? {} : { config: loaded.file };
      const findings = [];
      for await (const finding of examine({ ...choice, version }, log)) findings.push(finding);
      return reportFindings(findings);
    },
    nameFault,
    ready: async () => void (await deployment.runs.listLeaseOwners()),
    onAnswered: (answered) => telemetry?.recordRequest(answered),
    clock: systemClock,
    log,
  });
  telemetry?.recordStreams(() => server.openStreams());
  const file = addressFile(config.core.stateDir);
  try {
    writeFileSync(file, server.url, { mode: OWN_FILE_MODE });
  } catch (error) {
    log.warn("`memodag ui` will not know where the API listens", { error: messageOf(error) });
  }
  return {
    ...server,
    async close() {
      rmSync(file, { force: true });
      await server.close();
    },
  };
}

/** Plans at a time; others wait. */
const MOST_PLANS = 2;

/** Loaded when a plan is made. */
async function openPlanner(deployment: Deployment, log: Logger, loaded: LoadedConfig): Promise<RunPlanner> {
  const { openPlanner: open } = await import("../scheduler/open-planner.ts");
  return await open(deployment, log, loaded);
}
