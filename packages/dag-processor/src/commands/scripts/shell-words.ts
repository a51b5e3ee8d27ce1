// Splits shell code into commands, and commands into words.

/** One word. Expansions are left as written, such as `$HOME` or `$(pwd)`. */
export interface ShellWord {
  readonly text: string;
  /** True if the word contains an expansion, so its value is not fully known. */
  readonly isComputed: boolean;
}

/** The input of a command. */
export interface HereDocument {
  /** The line that starts it. */
  readonly opener: string;
  readonly body: string;
  readonly line: number;
}

/** The words of one command, without redirections. */
export interface ShellCommand {
  readonly words: readonly ShellWord[];
  readonly line: number;
}

const HERE_DOCUMENT = /(?<!<)<<-?\s*(["'\\]?)([A-Za-z_]\w*)\1/g;

const ENDS = ";|&\n(){}`";

/**
 * Returns the commands of shell code, including those in `$(…)` and backticks, without here-documents.
 * Never fails: other input yields arbitrary words.
 */
export function shellCommands(text: string): ShellCommand[] {
  return new ShellReader(cutHereDocuments(text).rest).read();
}

/** Returns the here-documents of shell code, and the code with empty lines in their place. */
export function cutHereDocuments(text: string): {
  readonly rest: string;
  readonly documents: HereDocument[];
} {
  const kept: string[] = [];
  const documents: HereDocument[] = [];
  const open: { readonly name: string; readonly opener: string; readonly line: number }[] = [];
  let body: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const [current] = open;
    if (current === undefined) {
      for (const [, , name = ""] of line.matchAll(HERE_DOCUMENT))
        open.push({ name, opener: line, line: index + 1 });
      kept.push(line);
      continue;
    }
    kept.push("");
    if (line.trim() === current.name) {
      documents.push({ opener: current.opener, body: body.join("\n"), line: current.line });
      open.shift();
      body = [];
    } else body.push(line);
  }
  return { rest: kept.join("\n"), documents };
}

class ShellReader {
  readonly #text: string;
  readonly #commands: ShellCommand[] = [];
  #words: ShellWord[] = [];
  #word: { text: string; isComputed: boolean } | undefined;
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  read(): ShellCommand[] {
    while (this.#at < this.#text.length) this.#step();
    this.#endCommand();
    return this.#commands;
  }

  #step(): void {
    const character = this.#text[this.#at] ?? "";
    if (character === "'") this.#quote();
    else if (character === '"') this.#doubleQuote();
    else if (character === "\\") this.#escape();
    else if (character === "$") this.#expansion();
    else if (character === "`") this.#substitution("`", "`");
    else if (character === "#" && !this.#word) this.#at = this.#endOfLine();
    else if (character === "<" || character === ">") this.#redirect();
    else if (/\s/.test(character) && character !== "\n") {
      this.#endWord();
      this.#at += 1;
    } else if (ENDS.includes(character) && !(this.#word && "{}".includes(character))) {
      this.#endCommand();
      if (character === "\n") this.#line += 1;
      this.#at += 1;
    } else this.#put(character);
  }

  #quote(): void {
    const end = this.#find("'", this.#at + 1);
    const quoted = this.#text.slice(this.#at + 1, end);
    this.#add(quoted);
    this.#line += quoted.split("\n").length - 1;
    this.#at = end + 1;
  }

  #doubleQuote(): void {
    this.#add("");
    this.#at += 1;
    while (this.#at < this.#text.length && this.#text[this.#at] !== '"') {
      const character = this.#text[this.#at] ?? "";
      if (character === "\\") this.#escape();
      else if (character === "$") this.#expansion();
      else if (character === "`") this.#substitution("`", "`");
      else this.#put(character);
    }
    this.#at += 1;
  }

  #escape(): void {
    const next = this.#text[this.#at + 1] ?? "";
    if (next === "\n") this.#line += 1;
    else this.#add(next);
    this.#at += 2;
  }

  #expansion(): void {
    const rest = this.#text.slice(this.#at, this.#at + 2);
    if (rest === "$(") return this.#substitution("$(", ")");
    if (rest === "$'") {
      this.#at += 1;
      return this.#quote();
    }
    const [found] = /^\$(?:\{[^}]*\}|\w+|[@*#?$!-])/.exec(this.#text.slice(this.#at, this.#at + 200)) ?? [];
    this.#add(found ?? "$", found !== undefined);
    this.#at += found?.length ?? 1;
  }

  /** A command substitution: its text stays in the word, and its commands count too. */
  #substitution(opening: string, closing: string): void {
    const start = this.#at + opening.length;
    let end = start;
    for (let depth = 1; end < this.#text.length; end += 1) {
      const character = this.#text[end] ?? "";
      if (closing === ")" && character === "(") depth += 1;
      if (character === closing) depth -= 1;
      if (depth === 0) break;
    }
    const inner = this.#text.slice(start, end);
    for (const { words, line } of new ShellReader(inner).read()) {
      this.#commands.push({ words, line: line + this.#line - 1 });
    }
    this.#add(`$(${inner})`, true);
    this.#line += inner.split("\n").length - 1;
    this.#at = end + 1;
  }

  /** The target of a redirection is not a program. */
  #redirect(): void {
    if (/^\d$/.test(this.#word?.text ?? "")) this.#word = undefined;
    this.#endWord();
    const rest = this.#text.slice(this.#at, this.#at + 200);
    // A file that is read from may be a script, so it counts as a word.
    if (/^(?:[<>]\(|<[^<&>])/.test(rest)) {
      this.#at += 1;
      return;
    }
    this.#at += /^[<>&|]+-?[ \t]*/.exec(rest)?.[0].length ?? 1;
    while (this.#at < this.#text.length && !/[\s;|&()<>]/.test(this.#text[this.#at] ?? " ")) this.#step();
    this.#word = undefined;
  }

  #put(character: string): void {
    if (character === "\n") this.#line += 1;
    this.#add(character);
    this.#at += 1;
  }

  #add(text: string, isComputed = false): void {
    this.#word ??= { text: "", isComputed: false };
    this.#word.text += text;
    this.#word.isComputed ||= isComputed;
  }

  #endWord(): void {
    if (this.#word) this.#words.push(this.#word);
    this.#word = undefined;
  }

  #endCommand(): void {
    this.#endWord();
    if (this.#words.length > 0) this.#commands.push({ words: this.#words, line: this.#line });
    this.#words = [];
  }

  #endOfLine(): number {
    return this.#find("\n", this.#at);
  }

  #find(text: string, from: number): number {
    const found = this.#text.indexOf(text, from);
    return found === -1 ? this.#text.length : found;
  }
}
