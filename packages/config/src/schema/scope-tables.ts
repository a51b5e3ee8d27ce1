// [scope] and [[scopes]]: who shares results of the cache with whom.

import { key, list, requiredKey, section, unsetKey } from "./key.ts";
import { DATABASE_URL, FILE, NAME } from "./named-values.ts";
import { scopeNames } from "./value-types.ts";

export const scope = section(
  "The scope of this deployment: results are stored in it, and found in it and in those that it reads.",
  {
    name: key(NAME, {
      description: "Name of the scope. Deployments with the same database and the same scope share results.",
      default: "default",
    }),
    reads: key(scopeNames, {
      description:
        "Scopes whose results may be used as well, the nearest first. Nothing is written there: not even that a result was used.",
      default: "",
    }),
    owns: key(scopeNames, {
      description: "Other scopes whose results `cache purge --scope` may remove here.",
      default: "",
    }),
  },
);

export const scopes = list("Scopes that are in another database, or that read others.", {
  name: requiredKey(NAME, {
    description: "Name of the scope, as in its own [scope] name.",
    example: "ci",
  }),
  database: unsetKey(DATABASE_URL, {
    description:
      "Database that has the results of the scope. It is only read, with a user that need not be able to write. If unset, they are in the cache of this deployment.",
    example: "postgres://reader@ci.example/memodag",
  }),
  database_file: unsetKey(FILE, {
    description: "File that contains `database`, an alternative to it.",
    example: "/run/secrets/memodag-ci-url",
  }),
  reads: key(scopeNames, {
    description:
      "Scopes that this one reads itself. They are not read through it: it is for finding circles in the config.",
    default: "",
  }),
});
