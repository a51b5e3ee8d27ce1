// The version of the hash algorithm.

/** Part of every hash. Increase it with every change of what is hashed, so that older hashes differ. */
export const HASHER_VERSION = 2;
