// Writes lines to a destination that may fail, such as a full disk or a closed pipe, without throwing.

/** Options of a {@link LineSink}. */
export interface LineSinkOptions {
  /** Writes a prefix of the bytes and returns its length. May throw. */
  write(bytes: Uint8Array): number;
  /** Returns the line, with its line break, that reports how many lines before it were lost. */
  lossLine(lost: number, reason: string): string;
}

const LINE_BREAK = 10;

/**
 * Writes lines. Counts the lines that cannot be written, and reports their number once writing succeeds
 * again.
 */
export class LineSink {
  readonly #options: LineSinkOptions;
  #lost = 0;
  #reason = "";
  /** The last byte written was not the end of a line. */
  #isTorn = false;

  constructor(options: LineSinkOptions) {
    this.#options = options;
  }

  /** Number of lost lines that have not been reported yet. */
  get lostLines(): number {
    return this.#lost;
  }

  /** Why the most recent of them were lost. Empty if none were. */
  get reason(): string {
    return this.#reason;
  }

  /** Writes lines, each with its line break. Never throws. */
  write(lines: string): void {
    if (this.#lost > 0) {
      const told = this.#lost;
      if (!this.#tryWrite(this.#options.lossLine(told, this.#reason))) {
        this.#lost += countLines(lines);
        return;
      }
      this.#lost -= told;
    }
    if (this.#tryWrite(lines)) return;
    this.#lost += countLines(lines);
  }

  #tryWrite(text: string): boolean {
    // Start a new line if the previous write was cut short, for example by a full disk.
    const bytes = Buffer.from(this.#isTorn ? `\n${text}` : text);
    let written = 0;
    try {
      while (written < bytes.length) written += this.#options.write(bytes.subarray(written));
      return true;
    } catch (error) {
      this.#reason = reasonOf(error);
      return false;
    } finally {
      if (written > 0) this.#isTorn = bytes[written - 1] !== LINE_BREAK;
    }
  }
}

function countLines(text: string): number {
  return Math.max(1, text.split("\n").length - 1);
}

/** Omits paths that the message may contain, because it is logged repeatedly. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code ?? String(error);
}
