// Loads the Dags of an artifact in a separate process, which may throw, exit, hang or send arbitrary
// data.

import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import type { Clock } from "@memodag/core";
import { LOADER_ENTRY } from "../loader-entry.ts";
import { loaderEnvironment } from "./loader-environment.ts";
import { CHANNEL_FD, FrameReader, type FrameFault } from "./loader-frames.ts";
import type { LoadAnswer, LoadRequest } from "./loader-messages.ts";
import { readLoaderMessage } from "./read-answer.ts";

/** The outcome of loading: the loader's answer, or why there is none. */
export type LoadOutcome =
  | LoadAnswer
  | { readonly kind: "timed_out" }
  /** Something other than the loader wrote to its descriptor, or its answer is invalid. */
  | { readonly kind: "disturbed"; readonly fault: FrameFault | "malformed" }
  | {
      readonly kind: "exited";
      readonly code: number | null;
      readonly signal: string | null;
      /** The end of its stderr. */
      readonly stderr: string;
    };

/** The working directory, time limit and clock for loading a file. */
export interface LoadSurroundings {
  /** The bundle's folder, as for a worker, so that a file's relative paths always mean the same. */
  readonly cwd: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

const KEPT_STDERR = 4_096;
/**
 * Milliseconds to wait after its end for its last output; its children may keep stderr open indefinitely.
 */
const LAST_WORDS_MS = 250;

/**
 * Starts the process, loads the Dags, and ends the process in any case. Rejects if the process does not
 * start.
 */
export function loadDags(
  request: Omit<LoadRequest, "token">,
  surroundings: LoadSurroundings,
): Promise<LoadOutcome> {
  return new Promise((resolve, reject) => {
    const token = randomBytes(16).toString("hex");
    const child = spawn(process.execPath, ["--enable-source-maps", LOADER_ENTRY], {
      cwd: surroundings.cwd,
      env: loaderEnvironment(process.env),
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    });
    const channel = child.stdio[CHANNEL_FD] as Duplex;
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-KEPT_STDERR);
    });
    const cancelTimer = surroundings.clock.after(surroundings.timeoutMs, () => settle({ kind: "timed_out" }));
    const settle = (outcome: LoadOutcome): void => {
      cancelTimer();
      end(child, channel);
      resolve(outcome);
    };
    const fail = (error: Error): void => {
      cancelTimer();
      end(child, channel);
      reject(error);
    };
    let started = false;
    child.once("error", fail);
    const frames = new FrameReader(token);
    channel.on("data", (chunk: Buffer) => {
      for (const event of frames.push(chunk)) {
        const message = event.kind === "message" ? readLoaderMessage(event.text) : undefined;
        if (message?.kind === "started") started = true;
        else if (message) settle(message);
        else settle({ kind: "disturbed", fault: event.kind === "fault" ? event.fault : "malformed" });
      }
    });
    whenEnded(child, channel, surroundings.clock, (code, signal) => {
      if (started) settle({ kind: "exited", code, signal, stderr });
      else fail(new Error(`The process that loads Dag files did not start: ${stderr}`));
    });
    // If the process has already ended, its exit reports it.
    channel.on("error", () => {});
    channel.write(`${JSON.stringify({ ...request, token })}\n`);
  });
}

/** Calls back once, when the process has ended and its last output has been read. */
function whenEnded(
  child: ChildProcess,
  channel: Duplex,
  clock: Clock,
  heard: (code: number | null, signal: string | null) => void,
): void {
  child.once("exit", (code, signal) => {
    let waiting = 2;
    const cancel = clock.after(LAST_WORDS_MS, () => heard(code, signal));
    const ended = (): void => {
      waiting -= 1;
      if (waiting > 0) return;
      cancel();
      heard(code, signal);
    };
    for (const stream of [channel, child.stderr]) {
      if (!stream || stream.closed) ended();
      else stream.once("close", ended);
    }
  });
}

/** Ends the process without waiting for anything that its children hold open. */
function end(child: ChildProcess, channel: Duplex): void {
  child.kill("SIGKILL");
  child.stderr?.destroy();
  channel.destroy();
}
