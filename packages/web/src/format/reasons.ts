// Why tasks ran though they are cached, in words.

const WORDS: Readonly<Record<string, string>> = {
  first_run: "first run",
  purged: "forgotten by a purge",
  expired: "result too old",
  evicted: "evicted for room",
  from_future: "result of the future",
  result_missing: "result lost",
  integrity_failed: "result damaged",
  lookup_failed: "lookup failed",
};

/** A code of a reason in words: `input_changed` is "input changed". */
export function reasonWords(code: string): string {
  return Object.hasOwn(WORDS, code) ? (WORDS[code] ?? code) : code.replaceAll("_", " ");
}
