// Reads the sentence that rows of earlier versions have in place of a reason. Nothing else reads a sentence.

import { findReason, type CacheStatus, type Reason, type ReasonCode } from "@memodag/core";

const SENTENCES: Readonly<Record<string, ReasonCode>> = {
  "the task does not say cache: true": "not_asked_for",
  "the Dag says cache: false": "dag_off",
  "the run was started with --no-cache": "run_off",
  "a refresh was asked for": "refresh_requested",
  "the surroundings were not looked at": "surroundings_unknown",
};

/** Codes that were sentences by themselves. */
const PLAIN: ReadonlySet<string> = new Set<ReasonCode>([
  "cleared",
  "no_entry",
  "expired",
  "from_future",
  "result_missing",
  "integrity_failed",
  "stored_failure",
]);

/** Codes that were written as `code(what)`. */
const NAMING: ReadonlySet<string> = new Set<ReasonCode>([
  "code_changed",
  "input_changed",
  "input_late",
  "input_unreadable",
  "program_unknown",
  "result_not_storable",
  "runtime_changed",
  "runtime_unknown",
  "unfollowed_code",
]);

const NAMED = /^([a-z_]+)\((.*)\)$/su;
const TOO_LARGE = /^(input|result)_too_large: (\d+) bytes, more than max_(?:input|result)_size of (\d+)$/u;
const OTHER_BYTES = /^nondeterministic: the entry holds (\S+), this run returned other bytes$/u;
const WAITING = /^waiting for (.*)$/su;
const ERROR = /^([a-z][a-z_]*): (.*)$/su;

/** The reason that a sentence was; it makes the same sentence again. */
export function reasonOfOldRow(status: CacheStatus | null, sentence: string): Reason {
  const what = sentence;
  switch (status) {
    // The message of the failure, which may look like anything.
    case "put_failure":
      return { code: "store_failed", detail: { what } };
    case "lookup_failure":
      return named(sentence, new Set(["result_not_storable"])) ?? { code: "lookup_failed", detail: { what } };
    case "disabled":
      return plain(sentence) ?? { code: "switched_off", detail: { what } };
    default:
      return fitting(status, sentence) ?? { code: "other", detail: { what } };
  }
}

function fitting(status: CacheStatus | null, sentence: string): Reason | undefined {
  const known = plain(sentence) ?? undeclared(sentence) ?? named(sentence, NAMING);
  if (known) return known;
  const [, value, sizeBytes, limitBytes] = TOO_LARGE.exec(sentence) ?? [];
  if (value !== undefined) {
    const detail = { sizeBytes: Number(sizeBytes), limitBytes: Number(limitBytes) };
    return { code: value === "input" ? "input_too_large" : "result_too_large", detail };
  }
  const storedDigest = OTHER_BYTES.exec(sentence)?.[1];
  if (storedDigest !== undefined) return { code: "nondeterministic", detail: { storedDigest } };
  const holder = WAITING.exec(sentence)?.[1];
  if (holder !== undefined) return { code: "waiting", detail: { what: holder } };
  const [, errorCode, what] = status === "uncacheable" ? (ERROR.exec(sentence) ?? []) : [];
  if (errorCode === undefined || what === undefined) return undefined;
  return { code: "key_failed", detail: { errorCode, what } };
}

function plain(sentence: string): Reason | undefined {
  const code = PLAIN.has(sentence) ? sentence : SENTENCES[sentence];
  return code === undefined ? undefined : findReason(code, null);
}

function undeclared(sentence: string): Reason | undefined {
  const [, code, names] = NAMED.exec(sentence) ?? [];
  if (code !== "undeclared_input" || names === undefined) return undefined;
  return { code, detail: { names: names.split(", ") } };
}

function named(sentence: string, codes: ReadonlySet<string>): Reason | undefined {
  const [, code, what] = NAMED.exec(sentence) ?? [];
  return code !== undefined && codes.has(code) ? findReason(code, { what }) : undefined;
}
