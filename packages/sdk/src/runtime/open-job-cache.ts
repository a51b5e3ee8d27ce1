// Opens the job cache of a run for an attempt without a handler.

import type { JobCache } from "../context/job-cache.ts";
import { JobCaches, type EntryAccess } from "./job-caches.ts";
import { PlaceInCache } from "./place-in-cache.ts";

/**
 * Opens the job cache.
 * @param noteRead is called with the name of every entry that is read by an undeclared name
 */
export function openJobCache(access: EntryAccess, noteRead: (name: string) => void): JobCache {
  return new PlaceInCache(new JobCaches(access, noteRead));
}
