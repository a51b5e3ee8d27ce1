// Lists that come in pages.

import { statusOf } from "./cluster.ts";

const PAGE = 500;
const GONE = 410;
const MOST_TRIES = 3;

interface Page<T> {
  readonly items: readonly T[];
  readonly metadata?: { readonly _continue?: string; readonly resourceVersion?: string };
}

/** Returns all items, and the version of the list: from the beginning where the server forgot it between two pages. */
export async function listAll<T>(
  getPage: (page: { readonly limit: number; readonly _continue?: string }) => Promise<Page<T>>,
): Promise<{ readonly items: readonly T[]; readonly version: string | undefined }> {
  let items: T[] = [];
  let next: string | undefined;
  for (let tries = 1; ;) {
    try {
      const page = await getPage({ limit: PAGE, ...(next !== undefined && { _continue: next }) });
      for (const item of page.items) items.push(item);
      const { _continue: rest = "", resourceVersion: version } = page.metadata ?? {};
      if (rest === "") return { items, version };
      next = rest;
    } catch (error) {
      if (statusOf(error) !== GONE || next === undefined || tries === MOST_TRIES) throw error;
      tries += 1;
      items = [];
      next = undefined;
    }
  }
}
