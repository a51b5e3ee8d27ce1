// Reads the option `cache.reads`: the entries of job caches that a task reads.

import { JOB_CACHE, messageOf, readEntryPattern, type EntryPattern } from "@memodag/core";
import { show, type FaultPlace } from "./dag-fault.ts";
import { OptionReader } from "./option-reader.ts";
import { isPlainObject } from "./plain-object.ts";

/** The name of the job cache of the run among those of named ones, which have no capitals. */
const OF_RUN = "jobCache";

const CACHE_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/**
 * Reads a list of keys and groups of the run's job cache, or an object of lists by the names of caches.
 * @param group the prefix of option names in messages
 * @throws MemodagError `dag_invalid`
 */
export function readReads(place: FaultPlace, reader: OptionReader, group: string): EntryPattern[] {
  const value = reader.get("reads");
  if (value === undefined || Array.isArray(value)) return readPatterns(reader, "reads", JOB_CACHE);
  if (!isPlainObject(value)) {
    throw reader.wrong(
      "reads",
      value,
      'use ["grid", "tiles/*"], or { grids: ["tiles/*"] } for a named cache',
    );
  }
  const names = Object.keys(value).sort();
  const wrong = names.find((name) => name !== OF_RUN && !CACHE_NAME.test(name));
  if (wrong !== undefined) {
    throw reader.fault("reads", {
      problem: `names the cache ${show(wrong)}`,
      fix: `use the name of one of [[caches]] in the config, or ${OF_RUN} for the job cache of the run`,
    });
  }
  const ofCaches = new OptionReader(place, `${group}reads.`, value, names);
  return names.flatMap((name) => readPatterns(ofCaches, name, name === OF_RUN ? JOB_CACHE : name));
}

function readPatterns(reader: OptionReader, option: string, cache: string): EntryPattern[] {
  const patterns = reader.strings(option).map((pattern) => pattern.normalize("NFC"));
  for (const pattern of patterns) {
    try {
      readEntryPattern(pattern);
    } catch (error) {
      throw reader.fault(option, {
        problem: `names ${show(pattern)} (${messageOf(error)})`,
        fix: 'use keys and groups such as ["grid", "tiles/*"]',
      });
    }
  }
  return [...new Set(patterns)].sort().map((pattern) => ({ cache, pattern }));
}
