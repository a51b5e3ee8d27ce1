// The strings that a config contains, by what they name.

import { text } from "./value-types.ts";

export const DATABASE_URL = text(
  /^(sqlite:(?!:).+|postgres(ql)?:\/\/.+)$/s,
  '"sqlite:PATH" or "postgres://USER:PASSWORD@HOST/DATABASE"',
  { secret: true },
);
export const REDIS_URL = text(/^rediss?:\/\/.+$/s, '"redis://HOST:PORT" or "rediss://HOST:PORT"', {
  secret: true,
});
export const BACKEND = text(
  /^(@?[a-z0-9][\w.~-]*(\/[\w.~-]+)*|\.{0,2}\/.+|file:.+)$/i,
  '"metadata-db", "memory", "filesystem", the name of a store in [[stores]], or a module specifier such as "@example/memodag-cache"',
);
const NAME_PATTERN = /^[a-z0-9][a-z0-9_-]{0,62}$/;
export const NAME = text(
  NAME_PATTERN,
  "a name of 1 to 63 lower-case letters, digits, - and _ that starts with a letter or digit",
);
export const LOCK_STORE = text(
  NAME_PATTERN,
  '"metadata-db", "memory", "filesystem", or the name of a store in [[stores]]',
);
export const POOL_NAME = text(/^\S(.{0,126}\S)?$/, "a name of 1 to 128 characters");
export const VARIABLE_NAME = text(
  /^[^\s"]{1,250}$/,
  "a name of 1 to 250 characters without spaces and quotes",
);
export const VARIABLE_VALUE = text(/^[^]*$/, "a string", { secret: true });
export const STORE_KIND = text(
  /^(@?[a-z0-9][\w.~-]*(\/[\w.~-]+)*|\.{0,2}\/.+|file:.+)$/i,
  '"metadata-db", "memory", "filesystem", "s3", "gcs", "redis" or a module specifier such as "./my-store.mjs"',
);
export const STRING = text(/^[^]*$/, "a string");
export const ENDPOINT = text(/^(https?:\/\/.+)?$/s, "a URL that starts with https:// or http://", {
  secret: true,
});
export const FILE = text(/./s, "the path of a file");
export const FOLDER = text(/./s, "the path of a folder");
export const ENGINE = text(
  /^(@?[a-z0-9][\w.~-]*(\/[\w.~-]+)*|\.{0,2}\/.+|file:.+)$/i,
  '"local", "bullmq", "kubernetes" or a module specifier such as "@example/memodag-queue"',
);
export const QUEUE_URL = text(/^[a-z][a-z0-9+.-]*:.+$/is, 'a URL such as "redis://HOST:PORT"', {
  secret: true,
});
export const LISTEN = text(/^\S+:\d{1,5}$/, 'an address and a port such as "127.0.0.1:7433"');
export const LISTENS = text(
  /^\S+:\d{1,5}(?: +\S+:\d{1,5})*$/,
  'addresses with ports, separated by spaces, such as "127.0.0.1:9464"',
);
export const API_URLS = text(
  /^https?:\/\/\S+(?: +https?:\/\/\S+)*$/,
  "URLs that start with https:// or http://, separated by spaces",
);
export const WEB_URL = text(
  /^https?:\/\/[^\s/?#@]+(?:\/[^\s?#]*)?$/,
  'a URL such as "https://memodag.example"',
);
export const HOST = text(/^[\w.:-]+$/, 'a name or an address such as "127.0.0.1"');
export const WORKER_TOKEN = text(
  /^mdw_[0-9a-f]{16}_[\w-]{43}$/,
  "a token that memodag workers token printed",
  {
    secret: true,
  },
);
export const QUEUES = text(/^\S{1,250}(?: +\S{1,250})*$/, "names of queues, separated by spaces");
/** PKCS #8 and SPKI of Ed25519, whose first bytes are always the same. */
export const SIGNING_KEY = text(
  /^MC4CAQAwBQYDK2VwBCIEI[A-Za-z0-9+/]{43}$/,
  "an Ed25519 private key in base64 that memodag cache keygen printed",
  { secret: true },
);
export const PUBLIC_KEYS = text(
  /^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=(?: +MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=)*$/,
  "Ed25519 public keys in base64, separated by spaces, that memodag cache keygen printed",
);
