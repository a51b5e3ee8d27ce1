// A program at a terminal: `script` of util-linux gives it a pseudo-terminal, of which this is the keyboard and screen.

import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { stripVTControlCharacters } from "node:util";

/** A started program. */
export class Terminal {
  readonly #child: ChildProcessWithoutNullStreams;
  #screen = "";
  #changed = Promise.withResolvers<void>();
  #hasEnded = false;

  constructor(command: string, options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }) {
    this.#child = spawn("script", ["-qfec", command, "/dev/null"], options);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        this.#screen += chunk.toString();
        this.#changed.resolve();
      });
    }
    this.#child.once("close", () => {
      this.#hasEnded = true;
      this.#changed.resolve();
    });
  }

  /** Types keys. */
  type(keys: string): void {
    this.#child.stdin.write(keys);
  }

  /** Resolves with what the screen was given since it was last asked, once that has the pattern. */
  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      // Without colours and movements of the cursor.
      const found = pattern.exec(stripVTControlCharacters(this.#screen));
      if (found) {
        this.#screen = "";
        return found;
      }
      if (this.#hasEnded) throw new Error(`ended without showing ${String(pattern)}:\n${this.#screen}`);
      await this.#changed.promise;
      this.#changed = Promise.withResolvers();
    }
  }

  /** Closes the terminal, which ends the program. */
  async close(): Promise<void> {
    if (this.#hasEnded) return;
    const closed = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    await closed;
  }
}
