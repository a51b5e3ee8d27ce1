// Finds the scripts that the words of a command run, by known interpreters.

import { posix } from "node:path";
import { namesScript } from "./followed.ts";
import type { ShellWord } from "./shell-words.ts";

/** A program that a command starts. Paths are as written. */
export type Started =
  | { readonly kind: "script"; readonly path: string }
  | { readonly kind: "python_script"; readonly path: string }
  | { readonly kind: "python_module"; readonly name: string }
  | { readonly kind: "python_text"; readonly text: string }
  | { readonly kind: "shell_text"; readonly text: string }
  /** A shell sources the file. */
  | { readonly kind: "shell_script"; readonly path: string }
  /** The path is computed when the command runs; `tail` is its end, as far as known. */
  | { readonly kind: "computed"; readonly what: string; readonly tail: string };

const PYTHON = /^(?:python|pypy)[\d.]*$/;
const SHELL = /^(?:ba|da|z|k|mk|a)?sh$/;
const OTHERS = /^(?:node|nodejs|tsx|ts-node|deno|bun|Rscript|perl|ruby|julia|php|lua)$/;

/** Words before a program that start it. */
const WRAPPERS = new Set(
  "env exec command nohup time nice ionice timeout sudo setsid stdbuf uv uvx poetry pipenv conda run then do else if while until ! eval xargs flock".split(
    " ",
  ),
);

/** Options that take the next word as their value. */
const PYTHON_VALUES = new Set(["-W", "-X", "--check-hash-based-pycs"]);
const SHELL_VALUES = new Set(["-o", "+o", "-O", "+O", "--rcfile", "--init-file"]);

/** Returns everything that the words start, and scripts that they name. */
export function startedPrograms(words: readonly ShellWord[]): Started[] {
  const started: Started[] = [];
  const head = words.findIndex((word) => !isBefore(word));
  for (const [index, word] of words.entries()) {
    const isHead = index === head;
    const name = posix.basename(word.text);
    if (index === head && word.isComputed) for (const added of computedProgram(word)) started.push(added);
    else if (isHead && (word.text === "." || word.text === "source")) {
      for (const added of scriptAt(words[index + 1], "shell_script")) started.push(added);
    } else if (word.isComputed && !/\/bin\/[^/]+$/.test(word.text)) continue;
    else if (PYTHON.test(name))
      for (const added of python(words.slice(index + 1), isHead)) started.push(added);
    else if (SHELL.test(name)) for (const added of shell(words.slice(index + 1), isHead)) started.push(added);
    else if (OTHERS.test(name))
      for (const added of other(words.slice(index + 1), isHead)) started.push(added);
    else if (isHead ? word.text.includes("/") : namesScript(word.text)) {
      started.push({ kind: "script", path: word.text });
    }
  }
  return started;
}

function isBefore({ text, isComputed }: ShellWord): boolean {
  if (/^[A-Za-z_]\w*\+?=/.test(text)) return true;
  return (
    !isComputed &&
    (WRAPPERS.has(text.startsWith("/") ? posix.basename(text) : text) || /^-|^\d+[smhd]?$/.test(text))
  );
}

/** A program with a computed path. One in a `bin` folder is an installed program. */
function computedProgram(word: ShellWord): Started[] {
  if (!word.text.includes("/") || /\/bin\/[^/]+$/.test(word.text)) return [];
  return [computed(word)];
}

function computed({ text }: ShellWord): Started {
  const tail = /^(?:.*[)}"`]|\$\w+|.*\$\w+)\/((?:[^$()`/]+\/)*[^$()`/]+)$/s.exec(text)?.[1] ?? "";
  return { kind: "computed", what: text, tail };
}

function scriptAt(word: ShellWord | undefined, kind: "script" | "shell_script" | "python_script"): Started[] {
  if (word === undefined) return [];
  return word.isComputed ? [computed(word)] : [{ kind, path: word.text }];
}

function python(words: readonly ShellWord[], isHead: boolean): Started[] {
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    const text = word?.text ?? "";
    const next = words[at + 1];
    if (/^-[A-Za-z]*m$/.test(text))
      return next && !next.isComputed ? [moduleOf(next)] : computedNext(next, isHead);
    if (/^-m./.test(text)) return [{ kind: "python_module", name: text.slice(2) }];
    if (/^-[A-Za-z]*c$/.test(text)) {
      return next && !next.isComputed
        ? [{ kind: "python_text", text: next.text }]
        : computedNext(next, isHead);
    }
    if (text === "-") return [];
    if (PYTHON_VALUES.has(text)) at += 1;
    else if (!text.startsWith("-")) {
      return word?.isComputed === true ? computedNext(word, isHead) : scriptAt(word, "python_script");
    }
  }
  return [];
}

function moduleOf({ text }: ShellWord): Started {
  return { kind: "python_module", name: text };
}

function shell(words: readonly ShellWord[], isHead: boolean): Started[] {
  let isText = false;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    const text = word?.text ?? "";
    if (SHELL_VALUES.has(text)) at += 1;
    else if (/^-[A-Za-z]*c[A-Za-z]*$/.test(text)) isText = true;
    else if (word && !/^[-+]/.test(text)) {
      if (isText) return word.isComputed ? computedNext(word, isHead) : [{ kind: "shell_text", text }];
      return word.isComputed ? computedNext(word, isHead) : scriptAt(word, "shell_script");
    }
  }
  return [];
}

/**
 * Other interpreters: the first word that is not an option is their script, and options may load others.
 */
function other(words: readonly ShellWord[], isHead: boolean): Started[] {
  const word = words.find(({ text }) => !text.startsWith("-") && text !== "run");
  const script = words.some(({ text }) => /^-(?:e|p|pe|-eval|-print)$/.test(text)) ? undefined : word;
  return script?.isComputed === true ? computedNext(script, isHead) : scriptAt(script, "script");
}

/** Only if it is certain that a program is started: another word may happen to be `python`. */
function computedNext(word: ShellWord | undefined, isHead: boolean): Started[] {
  // `"$@"` passes on the caller's arguments, which are examined there.
  return word && isHead && !/^\$[@*]$/.test(word.text) ? [computed(word)] : [];
}
