// Splits the text of a log into lines, none of which is larger than memory.

/** Characters after which a line is split: a log may be a gigabyte without a line break. */
const LONGEST_LINE = 65_536;

/** The lines of a log that comes in pieces, without their ends. */
export async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const piece of pieces) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield* partsOf(line);
    while (rest.length > LONGEST_LINE) {
      yield rest.slice(0, LONGEST_LINE);
      rest = rest.slice(LONGEST_LINE);
    }
  }
  if (rest !== "") yield rest;
}

function* partsOf(line: string): Generator<string> {
  for (let at = 0; at === 0 || at < line.length; at += LONGEST_LINE) yield line.slice(at, at + LONGEST_LINE);
}
