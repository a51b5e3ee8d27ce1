// Bytes by opaque name, of any size. Implemented by memory, folders, databases and object stores.

import type { Digest } from "../digest.ts";

/** Bytes to store: whole, as a stream, or in a file of this machine. A stream is read once. */
export type ByteBody = Uint8Array | ReadableStream<Uint8Array> | { readonly file: string };

/** What a body must be; a store refuses one that is not. */
export interface ByteCheck {
  readonly sizeBytes: number;
  readonly sha256: Digest;
}

/** What is known of stored bytes without reading them. */
export interface ByteStat {
  readonly sizeBytes: number;
  /** Milliseconds since they were last written, by the store's clock; absent where a store does not know. */
  readonly ageMs?: number;
}

/** Bytes in a listing. */
export interface ListedBytes extends Required<ByteStat> {
  readonly team: string;
  readonly name: string;
}

/** Leave to read or write exactly these bytes, without any credentials of the store. */
export type ByteGrant =
  | { readonly kind: "file"; readonly path: string }
  | {
      readonly kind: "http";
      readonly method: "GET" | "PUT";
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly validForMs: number;
    };

/** Options of a call to a byte store. */
export interface ByteCallOptions {
  /** Ends the work behind the call, not only the waiting. */
  readonly signal?: AbortSignal;
}

/**
 * Keeps bytes by name, for each team apart, until they are deleted. Names are 64 lower-case hexadecimal
 * digits, so that an implementation has nothing to escape. Bytes appear whole or not at all, and a broken or
 * wrong body leaves nothing behind. The contract is exported as tests by `@memodag/result-cache/testing`.
 *
 * Any method may reject; no rejection is ever the fault of a task.
 */
export interface ByteStore {
  /** The bytes under a name; undefined when there are none. The stream fails when they turn out damaged or gone. */
  read(
    team: string,
    name: string,
    options?: ByteCallOptions,
  ): Promise<ReadableStream<Uint8Array> | undefined>;
  /**
   * Stores bytes, in place of those that are there. Where those are the same, a store may leave them and renew
   * their age.
   * @throws MemodagError `bytes_refused` for a body of another size or digest
   */
  write(
    team: string,
    name: string,
    body: ByteBody,
    check: ByteCheck,
    options?: ByteCallOptions,
  ): Promise<void>;
  /** Those of the names that are there. Reads no bytes. */
  stat(team: string, names: readonly string[], options?: ByteCallOptions): Promise<Map<string, ByteStat>>;
  /** Deleting what is not there is no error. */
  delete(team: string, names: readonly string[]): Promise<void>;
  /** Everything there is, in any order; for collecting and verifying. What is written meanwhile may be left out. */
  list?(): AsyncIterable<ListedBytes>;
  /** Leave to read or write; undefined when the store gives none for these bytes. */
  grant?(
    team: string,
    name: string,
    use: "read" | "write",
    check?: ByteCheck,
  ): Promise<ByteGrant | undefined>;
  /** Called once, when no call is under way or to come. */
  close(): Promise<void>;
}
