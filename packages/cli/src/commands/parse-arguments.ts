// Reads what stands behind options, and refuses what cannot be meant.

import {
  canonicalForm,
  findIsoTime,
  MemodagError,
  messageOf,
  parseDuration,
  parsePercentage,
  parseOutsideJson,
  type JsonObject,
  type JsonValue,
} from "@memodag/core";
import { InvalidArgumentError } from "commander";

/** A whole number from 1. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("Write a whole number from 1.");
  return Number(text);
}

/** A whole number from 0. */
export function parseIndex(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("Write a whole number from 0.");
  return Number(text);
}

/** A duration with its unit, in milliseconds. */
export function parseAge(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
}

/** A percentage, as a share from 0 to 1. */
export function parseShare(text: string): number {
  try {
    return parsePercentage(text);
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
}

/** A sha256 or the first digits of one. */
export function parseDigest(text: string): string {
  if (!/^[0-9a-f]{1,64}$/.test(text)) {
    throw new InvalidArgumentError(
      "Write up to 64 digits of 0-9 and a-f, as `memodag cache ls --json` prints them.",
    );
  }
  return text;
}

/** A time, or a duration before now; as ISO 8601. */
export function parseSince(text: string): string {
  const time = /^\d{4}-/.test(text) ? parseTime(text) : Date.now() - parseAge(text);
  return new Date(time).toISOString();
}

/** An ISO 8601 date or time, UTC where it names no zone; in milliseconds since the Unix epoch. */
export function parseTime(text: string): number {
  const time = findIsoTime(text);
  if (time !== undefined) return time;
  throw new InvalidArgumentError("Write a date or a time of ISO 8601, such as 2026-11-03T06:00Z.");
}

/** An ISO 8601 date or time as it was written, whose zone is not known yet. */
export function parseIsoTime(text: string): string {
  parseTime(text);
  return text;
}

/**
 * The value of `--conf`.
 * @throws MemodagError `conf_invalid`, saying where, for what is not a JSON object.
 */
export function parseConf(text: string): JsonObject {
  let value: unknown;
  try {
    value = parseOutsideJson(text);
  } catch (error) {
    if (error instanceof MemodagError) {
      throw new MemodagError("conf_invalid", `--conf: ${error.message}`, { cause: error });
    }
    throw new MemodagError(
      "conf_invalid",
      `--conf is not JSON: ${messageOf(error)}: write an object such as '{"region": "eu"}'`,
      { cause: error },
    );
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const found = value === null ? "null" : Array.isArray(value) ? "a list" : `a ${typeof value}`;
    throw new MemodagError(
      "conf_invalid",
      `--conf must be a JSON object, found ${found}: write one such as '{"region": "eu"}'`,
    );
  }
  return canonicalForm(value) as JsonObject;
}

/** Adds one value of an option that may be given several times. */
export function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/**
 * Adds one `--param name=value`; the value is JSON where it reads as such, and text otherwise.
 * @throws InvalidArgumentError without a name or a `=`; MemodagError `usage` for a number that would change
 */
export function parseParam(text: string, params: JsonObject = {}): JsonObject {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("Write NAME=VALUE.");
  return { ...params, [name]: jsonOrText(name, value) };
}

function jsonOrText(name: string, text: string): JsonValue {
  try {
    return canonicalForm(parseOutsideJson(text));
  } catch (error) {
    if (!(error instanceof MemodagError)) return text;
    // Without the value: whether it is a secret is known only to the Dag.
    const place = error.fields["path"] ?? "$";
    throw new MemodagError(
      "usage",
      `--param ${name}: the number at ${String(place)} is not exact in JavaScript: write it as a string, in double quotes`,
    );
  }
}
