// Edits that change the output of the task `d.t` by what runs while the file is loaded.

import type { ProjectFiles } from "../support/bundle-project.ts";
import { BUILTINS } from "./builtins.ts";
import { CALLS } from "./calls.ts";
import { CLASSES } from "./classes.ts";
import { CONVERSIONS } from "./conversions.ts";
import { FUNCTIONS } from "./functions.ts";
import { MODULES } from "./modules.ts";
import { OBJECTS } from "./objects.ts";
import { ORDERS } from "./orders.ts";
import type { Row } from "./row.ts";
import { SIBLINGS } from "./siblings.ts";

/** A project, and an edit of it. */
export interface Attack {
  readonly title: string;
  readonly files: ProjectFiles;
  readonly from: string;
  readonly to: string;
}

const dagFile = (top: string, handler: string): string => `import { Dag } from "memodag";
${top}
export const dag = new Dag("d");
dag.task("t", ${handler})();
dag.task("other", () => 1)();
`;

function ofRow([title, top, handler, from, to]: Row): Attack {
  return { title, files: { "dag.ts": dagFile(top, handler) }, from, to };
}

/** Every attack. */
export const ATTACKS: readonly Attack[] = [
  ...[BUILTINS, CALLS, CLASSES, CONVERSIONS, FUNCTIONS, OBJECTS, ORDERS, SIBLINGS].flat().map(ofRow),
  ...MODULES.map(({ title, files, top, handler, from, to }) => ({
    title,
    files: { ...files, "dag.ts": dagFile(top, handler) },
    from,
    to,
  })),
];
