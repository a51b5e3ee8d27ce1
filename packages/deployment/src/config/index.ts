export { configOffReason } from "./config-off-reason.ts";
export { currentActor } from "./current-actor.ts";
export { makeSigningKey, type MadeSigningKey } from "./make-signing-key.ts";
export { LiveConfig } from "./live-config.ts";
export { loadSettings, type ConfigChoice } from "./settings.ts";
