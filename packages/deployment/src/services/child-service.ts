// A service in a child process, which is started again whenever it ends by itself.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { systemClock, type Logger } from "@memodag/core";
import { handSecretsOn } from "../config/environment-secrets.ts";
import type { ServiceOptions } from "./service-options.ts";

/** The delay before the service is started again, in milliseconds; doubled each time. */
const RESTART_AFTER_MS = 1_000;
const LONGEST_RESTART_MS = 30_000;

/** A process that ran this long, in milliseconds, resets the delay. */
const STEADY_MS = 60_000;

/** See the file. */
export class ChildService {
  readonly #name: string;
  readonly #args: readonly string[];
  readonly #log: Logger;
  #child: ChildProcess;
  #isStopping = false;
  #restartMs = RESTART_AFTER_MS;

  /**
   * Starts it.
   * @param name for messages, such as `the Dag processor`
   * @param command of the program, with its options
   */
  constructor(
    name: string,
    command: readonly string[],
    { config, json }: Pick<ServiceOptions, "config" | "json">,
    log: Logger,
  ) {
    this.#name = name;
    this.#args = [
      ...command,
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
      this.#log.error(`${this.#name} ended and is started again`, { code, signal, inMs });
      systemClock.after(inMs, () => {
        if (!this.#isStopping) this.#child = this.#start();
      });
    });
    return child;
  }

  /** Ends it, and waits for its end. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.disconnect();
    await once(this.#child, "exit");
  }
}
