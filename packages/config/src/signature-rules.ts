// Rules across keys of [signatures].

import { type ConfigFault, valueAt } from "./faults.ts";

/** Returns the violations of these rules. The schema checks each value on its own. */
export function signatureFaults(document: unknown): ConfigFault[] {
  const at = (name: string): unknown => valueAt(document, ["signatures", name]);
  const isSet = (name: string): boolean => at(name) !== undefined && at(name) !== "";
  const faults: ConfigFault[] = [];
  if ((at("mode") === "on" || at("mode") === "strict") && !isSet("public_keys")) {
    const expected = "the public keys of schedulers whose results are used, since signatures.mode is not off";
    faults.push({ path: "signatures.public_keys", expected, found: "nothing" });
  }
  if (isSet("key_file") && isSet("private_key")) {
    const expected = "either signatures.private_key or signatures.key_file";
    faults.push({ path: "signatures.key_file", expected, found: "both" });
  }
  return faults;
}
