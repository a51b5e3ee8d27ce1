// Rules across keys of [[caches]]: unique names within a team, and a URL for Redis alone.

import { type ConfigFault, valueAt } from "./faults.ts";

/** Returns the violations of these rules. The schema checks each value on its own. */
export function cacheFaults(document: unknown): ConfigFault[] {
  const caches = valueAt(document, ["caches"]);
  if (!Array.isArray(caches)) return [];
  const keys = caches.map((cache: unknown) =>
    JSON.stringify([valueAt(cache, ["name"]), valueAt(cache, ["team"]) ?? null]),
  );
  return keys.flatMap((key, index) => {
    const cache: unknown = caches[index];
    const [name, adapter, url] = ["name", "adapter", "url"].map((part) => valueAt(cache, [part]));
    const first = keys.indexOf(key);
    const faults: ConfigFault[] = [];
    if (name !== undefined && first !== index) {
      const found = `${JSON.stringify(name)}, which is also the name of caches[${first}]`;
      faults.push({ path: `caches[${index}].name`, expected: "a unique name", found });
    }
    if (adapter === "redis" && url === undefined) {
      const expected = 'the URL of Redis, or url_file, for adapter = "redis"';
      faults.push({ path: `caches[${index}].url`, expected, found: "nothing" });
    }
    return faults;
  });
}
