// The version of the way of hashing.

/** In every hash: a change of what is hashed makes every older hash differ. Raise it with such a change. */
export const HASHER_VERSION = 2;
