// Generates `config/memodag.schema.json`, used by editors to complete and check the TOML file.

import * as z from "zod";
import { configSchema } from "../schema.ts";

/** Our metadata for which JSON Schema has no keyword. */
const OWN_FACTS = ["expected", "kind", "secret", "example", "live", "computed"];

/** Renders the JSON schema of the config file. */
export function renderJsonSchema(): string {
  const schema = z.toJSONSchema(configSchema, {
    io: "input",
    override: ({ jsonSchema }) => {
      // Ranges of durations and sizes cannot be expressed in JSON Schema, so they go into the
      // description.
      const { expected, description } = jsonSchema as {
        readonly expected?: string;
        readonly description?: string;
      };
      if (expected?.includes(" from ") === true && jsonSchema.type === "string") {
        jsonSchema.description = `${description} Write ${expected}.`;
      }
      if (typeof jsonSchema["computed"] === "string") {
        jsonSchema.description = `${description} Default: ${jsonSchema["computed"]}.`;
        delete jsonSchema.default;
      }
      for (const fact of OWN_FACTS) delete jsonSchema[fact];
    },
  });
  const text = JSON.stringify({ title: "memodag.toml", ...schema }, null, 2);
  // Short lists on one line, as the formatter writes them.
  return `${text.replaceAll(/\[\s+("[^[\]{}]*")\s+\]/g, (_, items: string) => `[${items.replaceAll(/\s*\n\s*/g, " ")}]`)}\n`;
}
