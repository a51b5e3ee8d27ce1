import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "@memodag/config";
import { silentLogger, type Logger } from "@memodag/core";
import { afterEach, describe, expect, it } from "vitest";
import { type CachingSwitch, watchKillSwitch } from "../src/wiring/kill-switch.ts";
import { Project } from "./project.ts";

const project = new Project("core.task_caching_enabled = true");
const file = join(project.folder, "memodag.toml");
let killSwitch: CachingSwitch;
afterEach(() => {
  killSwitch.close();
  project.remove();
});

describe("watchKillSwitch", () => {
  it("follows the file within a second, and keeps what holds while the file has faults", async () => {
    let heard = (_message: string): void => undefined;
    const next = async () => await new Promise<string>((resolve) => (heard = resolve));
    const tell = (message: string): void => heard(message);
    const log: Logger = { ...silentLogger, info: tell, warn: tell };
    killSwitch = watchKillSwitch(loadConfig({ file, env: {}, cwd: project.folder }), log);
    expect(killSwitch.offReason()).toBeNull();

    const off = next();
    const changedAt = performance.now();
    writeFileSync(file, "core.task_caching_enabled = false");
    expect(await off).toBe("caching was switched off");
    expect(performance.now() - changedAt).toBeLessThan(1_000);
    expect(killSwitch.offReason()).toBe(`core.task_caching_enabled is false in ${file}`);

    const faulty = next();
    writeFileSync(file, "core.task_caching_enabled = maybe");
    expect(await faulty).toMatch(/faults/);
    expect(killSwitch.offReason()).not.toBeNull();
  });
});
