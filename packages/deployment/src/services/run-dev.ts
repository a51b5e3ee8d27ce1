// Everything a developer needs: a Dag processor in a child process, and a scheduler in this one.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { systemClock, type Logger } from "@memodag/core";
import { handSecretsOn } from "../config/environment-secrets.ts";
import { runLogger } from "../logging/run-logger.ts";
import { requireBundles } from "../dags/dag-files.ts";
import { openConfiguredWorkerApi } from "../workers/open-worker-api.ts";
import { warnOfTeams } from "../config/warn-of-teams.ts";
import type { ServiceOptions } from "./service-options.ts";
import { withService } from "./with-service.ts";
import { openScheduler } from "../scheduler/open-scheduler.ts";

/** Runs until it is stopped; then drains. */
export async function runDev(options: ServiceOptions): Promise<void> {
  await withService(options, async ({ deployment, live, log, stopped }) => {
    requireBundles(deployment.loaded);
    // Checked here once: otherwise the Dag processor would be restarted repeatedly.
    const { checkFolders } = await import("@memodag/config");
    checkFolders(deployment.loaded);
    await deployment.requireWritable();
    await warnOfTeams(deployment.loaded, log);
    const api = await openConfiguredWorkerApi(deployment, live, log);
    const processor = new ProcessorProcess(options, log);
    const scheduler = await openScheduler(deployment, { live, log, listener: runLogger(log) }).catch(
      async (error: unknown) => {
        // Its process would keep this one running, without a scheduler.
        await processor.stop();
        throw error;
      },
    );
    scheduler.start();
    log.info("dev started: `memodag dags trigger ID` makes a run", { config: deployment.loaded.file });
    await stopped;
    log.info("dev stops when what runs has ended");
    await Promise.all([processor.stop(), scheduler.stop()]);
    await api?.close();
  });
}

/** The delay before the Dag processor is restarted, in milliseconds; doubled each time. */
const RESTART_AFTER_MS = 1_000;
const LONGEST_RESTART_MS = 30_000;

/** A process that ran this long, in milliseconds, resets the delay. */
const STEADY_MS = 60_000;

/** The Dag processor's process, restarted whenever it ends by itself. */
class ProcessorProcess {
  readonly #args: readonly string[];
  readonly #log: Logger;
  #child: ChildProcess;
  #isStopping = false;
  #restartMs = RESTART_AFTER_MS;

  constructor({ config, json }: ServiceOptions, log: Logger) {
    this.#args = [
      "dag-processor",
      ...(config === undefined ? [] : ["--config", config]),
      ...(json ? ["--json"] : []),
    ];
    this.#log = log;
    this.#child = this.#start();
  }

  #start(): ChildProcess {
    // It ends with this process, which closes the IPC channel in any case.
    const { env, input } = handSecretsOn();
    const child = spawn(process.execPath, [process.argv[1] ?? "", ...this.#args], {
      stdio: ["pipe", "inherit", "inherit", "ipc"],
      env,
    });
    // A process that ended before it read its input is restarted.
    child.stdin?.on("error", () => undefined).end(input);
    const startedAt = systemClock.monotonic();
    child.once("exit", (code, signal) => {
      if (this.#isStopping) return;
      if (systemClock.monotonic() - startedAt >= STEADY_MS) this.#restartMs = RESTART_AFTER_MS;
      const inMs = this.#restartMs;
      this.#restartMs = Math.min(2 * inMs, LONGEST_RESTART_MS);
      this.#log.error("the Dag processor ended and is started again", { code, signal, inMs });
      systemClock.after(inMs, () => {
        if (!this.#isStopping) this.#child = this.#start();
      });
    });
    return child;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.disconnect();
    await once(this.#child, "exit");
  }
}
