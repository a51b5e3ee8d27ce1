// The lists of things that Dags and commands name: [[pools]], [[variables]], [[bundles]].

import { list, requiredKey, unsetKey } from "./key.ts";
import { FOLDER, NAME, POOL_NAME, VARIABLE_NAME, VARIABLE_VALUE } from "./named-values.ts";
import { integer } from "./value-types.ts";

export const pools = list(
  "Pools that limit how many tasks run at a time. They must be the same for every scheduler.",
  {
    name: requiredKey(POOL_NAME, { description: "Unique name of the pool." }),
    slots: requiredKey(integer(1, 1_000_000), {
      description: "Number of slots that its tasks may take at a time, across all schedulers.",
    }),
  },
);

export const variables = list(
  "Variables that tasks read with getClient().getVariable(). MEMODAG_VAR_NAME in the environment takes precedence.",
  {
    name: requiredKey(VARIABLE_NAME, {
      description: "Name of the variable, unique within its team.",
      example: "region",
    }),
    value: requiredKey(VARIABLE_VALUE, { description: "Value of the variable.", example: "eu-west-3" }),
    team: unsetKey(NAME, {
      description: "Team whose tasks may read the variable. If unset, tasks of every team may.",
      example: "ml",
    }),
  },
);

export const bundles = list("Folders of Dag files.", {
  name: requiredKey(NAME, { description: "Unique name of the bundle." }),
  path: requiredKey(FOLDER, { description: "Folder of its Dag files." }),
  team: unsetKey(NAME, {
    description:
      "Team that the bundle belongs to. Required if multi_team is true, and not allowed otherwise.",
    example: "ml",
  }),
});
