// Writes `config/memodag.schema.json`, for editors that complete and check TOML.

import * as z from "zod";
import { configSchema } from "../schema.ts";

/** Facts of ours that JSON Schema has no word for. */
const OWN_FACTS = ["expected", "kind", "secret", "example", "live"];

/** The JSON schema of what may be written in a config file. */
export function renderJsonSchema(): string {
  const schema = z.toJSONSchema(configSchema, {
    io: "input",
    override: ({ jsonSchema }) => {
      // Ranges of texts, which JSON Schema has no word for either.
      const { expected, description } = jsonSchema as {
        readonly expected?: string;
        readonly description?: string;
      };
      if (expected?.includes(" from ") === true && jsonSchema.type === "string") {
        jsonSchema.description = `${description} Write ${expected}.`;
      }
      for (const fact of OWN_FACTS) delete jsonSchema[fact];
    },
  });
  const text = JSON.stringify({ title: "memodag.toml", ...schema }, null, 2);
  // Short lists on one line, as the formatter writes them.
  return `${text.replaceAll(/\[\s+("[^[\]{}]*")\s+\]/g, (_, items: string) => `[${items.replaceAll(/\s*\n\s*/g, " ")}]`)}\n`;
}
