// Everything a developer needs: a Dag processor in a process of its own, a scheduler in this one.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { systemClock, type Logger } from "@memodag/core";
import { handSecretsOn } from "../environment-secrets.ts";
import type { CommonOptions } from "./settings.ts";
import { serviceLogger } from "../output/log-lines.ts";
import { runLogger } from "../output/run-logger.ts";
import { requireBundles } from "./dag-files.ts";
import { LiveConfig } from "./live-config.ts";
import { warnOfTeams } from "./warn-of-teams.ts";
import { withMetadata } from "./metadata.ts";
import { openScheduler } from "./open-scheduler.ts";
import { withStopSignal } from "./stop-signal.ts";

/** Runs until it is told to stop; then drains. */
export async function runDev(options: CommonOptions): Promise<void> {
  await withMetadata(options, (metadata) =>
    withStopSignal(async (stopped) => {
      const live = new LiveConfig(metadata.loaded);
      const log = await serviceLogger(options.json === true, () => live.config.core.logLevel);
      requireBundles(metadata.loaded);
      // Refused here, once: the Dag processor would be started again and again.
      const { checkFolders } = await import("@memodag/config");
      checkFolders(metadata.loaded);
      await metadata.requireWritable();
      await warnOfTeams(metadata.loaded, log);
      const processor = new ProcessorProcess(options, log);
      const scheduler = await openScheduler(metadata, { live, log, listener: runLogger(log) });
      scheduler.start();
      log.info("dev started: `memodag dags trigger ID` makes a run", { config: metadata.loaded.file });
      await stopped;
      log.info("dev stops when what runs has ended");
      await Promise.all([processor.stop(), scheduler.stop()]);
    }),
  );
}

/** How long after its end the Dag processor is started again, in milliseconds; twice as long each time that follows. */
const RESTART_AFTER_MS = 1_000;
const LONGEST_RESTART_MS = 30_000;

/** One that has run for as long, in milliseconds, has not ended for what ended the one before. */
const STEADY_MS = 60_000;

/** The Dag processor's process, started again whenever it ends by itself. */
class ProcessorProcess {
  readonly #args: readonly string[];
  readonly #log: Logger;
  #child: ChildProcess;
  #isStopping = false;
  #restartMs = RESTART_AFTER_MS;

  constructor({ config, json }: CommonOptions, log: Logger) {
    this.#args = [
      "dag-processor",
      ...(config === undefined ? [] : ["--config", config]),
      ...(json ? ["--json"] : []),
    ];
    this.#log = log;
    this.#child = this.#start();
  }

  #start(): ChildProcess {
    // It ends with this process, however that ends: its end of the IPC channel is closed then.
    const { env, input } = handSecretsOn();
    const child = spawn(process.execPath, [process.argv[1] ?? "", ...this.#args], {
      stdio: ["pipe", "inherit", "inherit", "ipc"],
      env,
    });
    // One that ended before it read it is started again.
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
