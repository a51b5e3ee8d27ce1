// Writes lines to where they may be lost, a full disk or a pipe that no one reads, without failing for it.

/** How a {@link LineSink} writes. */
export interface LineSinkOptions {
  /** Writes some of the bytes, from the first on, and says how many. May throw. */
  write(bytes: Uint8Array): number;
  /** The line, with its break, that says how many lines before it were lost. */
  lossLine(lost: number, reason: string): string;
}

const LINE_BREAK = 10;

/** Writes lines; what cannot be written is counted, and told of as soon as something can be written again. */
export class LineSink {
  readonly #options: LineSinkOptions;
  #lost = 0;
  #reason = "";
  /** The last byte that was written was not the end of a line. */
  #isTorn = false;

  constructor(options: LineSinkOptions) {
    this.#options = options;
  }

  /** How many lines were lost and not told of yet. */
  get lostLines(): number {
    return this.#lost;
  }

  /** Why the last of them were lost; empty when none was. */
  get reason(): string {
    return this.#reason;
  }

  /** Writes lines, each with its break. Never throws. */
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
    // What a full disk took half of must not be taken for the beginning of this line.
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

/** Without the paths that a message may name: it goes into logs again and again. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code ?? String(error);
}
