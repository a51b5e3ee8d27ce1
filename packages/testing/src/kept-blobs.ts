// Bytes of entries that outlive the database of a run: a record of an earlier run refers to them.

import type { Blob, EntryStore, LooseBlob } from "@memodag/core";

/** Bytes that a test's runs have saved, in the order in which they did. */
export type TestBlobs = Map<
  string,
  { readonly upload: LooseBlob; readonly content: Pick<Blob, "digest" | "sizeBytes"> }
>;

/** An entry store whose bytes are remembered. */
export class KeptBlobs {
  readonly entries: EntryStore;
  readonly #store: EntryStore;
  readonly #blobs: TestBlobs;

  constructor(store: EntryStore, blobs: TestBlobs) {
    this.#store = store;
    this.#blobs = blobs;
    this.entries = new Proxy(store, {
      get: (target, name) => {
        if (name === "endUpload") return this.#endUpload.bind(this);
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
  }

  /** Tells the database of what earlier runs saved. */
  async restore(): Promise<void> {
    for (const { upload, content } of this.#blobs.values()) await this.#store.endUpload(upload, content);
  }

  async #endUpload(...[upload, content]: Parameters<EntryStore["endUpload"]>): Promise<Blob> {
    const blob = await this.#store.endUpload(upload, content);
    this.#blobs.set(blob.name, { upload, content });
    return blob;
  }
}
