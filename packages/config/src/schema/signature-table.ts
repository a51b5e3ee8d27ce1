// [signatures]: who may make results that this deployment uses.

import { key, section, unsetKey } from "./key.ts";
import { FILE, PUBLIC_KEYS, SIGNING_KEY } from "./named-values.ts";
import { choice } from "./value-types.ts";

export const signatures = section(
  "Signatures of cached results, by which a scheduler notices what another one, or a change in the database, made of them.",
  {
    mode: key(choice("off", "on", "strict"), {
      description:
        "off: results are neither signed nor checked. on: a result with a signature that is not valid is not used. strict: nor is one without.",
      default: "off",
    }),
    key_file: unsetKey(FILE, {
      description:
        "File with the private key of this scheduler, which memodag cache keygen makes. Only schedulers read it. If unset, results are checked and not signed.",
      example: "/run/secrets/memodag-signing-key",
    }),
    private_key: unsetKey(SIGNING_KEY, {
      description:
        "The private key itself, instead of `key_file`: for the environment variable MEMODAG__SIGNATURES__PRIVATE_KEY.",
      example: "MC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    }),
    public_keys: unsetKey(PUBLIC_KEYS, {
      description:
        "Public keys of the schedulers whose results are used, separated by spaces: that of this one, and earlier ones until their results have expired.",
      example: "MCowBQYDK2VwAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    }),
  },
);
