import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig, type ConfigChange } from "@memodag/config";
import { silentLogger, systemClock, type Clock, type LogFields, type Logger } from "@memodag/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configOffReason } from "@memodag/deployment/config";
import { LiveConfig } from "@memodag/deployment/config";
import { Project } from "./project.ts";

/** A clock whose one timer goes off when a test says so. */
class HandClock implements Clock {
  /** What the timer was set to, in milliseconds. */
  ms = 0;
  #callback = (): void => undefined;
  #heard = (): void => undefined;

  now = systemClock.now;
  monotonic = systemClock.monotonic;

  after(ms: number, callback: () => void): () => void {
    this.ms = ms;
    this.#callback = callback;
    this.#heard();
    return () => undefined;
  }

  /** Has the timer go off, and resolves when what it started has set the next. */
  async tick(): Promise<void> {
    const next = new Promise<void>((resolve) => (this.#heard = resolve));
    this.#callback();
    await next;
  }
}

describe("LiveConfig", () => {
  let project: Project;
  let file: string;
  let live: LiveConfig;
  let clock: HandClock;
  let logged: string[];
  let seen: ConfigChange[][];

  beforeEach(async () => {
    project = new Project('[database]\nurl = "postgres://u:hunter2@a/b"\n');
    file = join(project.folder, "memodag.toml");
    clock = new HandClock();
    logged = [];
    seen = [];
    const at = (level: string) => (message: string, fields?: LogFields) => {
      logged.push(`${level}: ${message} ${JSON.stringify(fields)}`);
    };
    const log: Logger = { ...silentLogger, info: at("info"), warn: at("warn") };
    live = new LiveConfig(loadConfig({ file, env: {}, cwd: project.folder }));
    await live.follow({ clock, log, onChange: (changes) => seen.push([...changes]) });
  });
  afterEach(() => {
    live.close();
    project.remove();
  });

  /** Saves the file and has it looked at as often as reading it takes. */
  async function save(text: string): Promise<void> {
    writeFileSync(file, text);
    await clock.tick();
    await clock.tick();
  }

  it("has what is live hold at once, and names what needs a restart, once", async () => {
    await save('core.task_caching_enabled = false\ncore.state_dir = "x"\n[task_cache]\ndefault_ttl = "1d"');
    expect(configOffReason(live.loaded)).toBe(`core.task_caching_enabled is false in ${file}`);
    expect(live.config.taskCache.defaultTtl).toBe(86_400_000);
    expect(live.config.core.stateDir).toBe(join(project.folder, ".memodag"));
    expect(live.config.database.url).toBe("postgres://u:hunter2@a/b");
    expect(logged).toEqual([
      expect.stringMatching(
        /^info: the config file was changed .*task_caching_enabled: true → false.*7d.* → .*1d/,
      ),
      expect.stringMatching(/^warn: restart needed .*core\.state_dir: .* → .*x.*database\.url: .*\*\*\*/),
    ]);
    expect(seen.map((changes) => changes.map(({ path, isLive }) => [path, isLive]))).toEqual([
      [
        ["core.task_caching_enabled", true],
        ["core.state_dir", false],
        ["database.url", false],
        ["task_cache.default_ttl", true],
      ],
    ]);
    expect(JSON.stringify([logged, seen])).not.toContain("hunter2");

    await save('core.state_dir = "x"\n');
    expect(configOffReason(live.loaded)).toBeNull();
    expect(live.config.taskCache.defaultTtl).toBe(7 * 86_400_000);
    expect(logged.slice(2)).toEqual([expect.stringMatching(/^info: the config file was changed/)]);

    await save('[database]\nurl = "postgres://u:hunter2@a/b"\n');
    expect(logged.at(-1)).toMatch(/^info: the config file needs no restart any more/);
  });

  it("looks often enough for the kill switch to hold within a second", async () => {
    await clock.tick();
    // A save is taken once two looks in a row have seen it.
    expect(2 * clock.ms).toBeLessThanOrEqual(500);
  });

  it("tells a changed password by its change alone", async () => {
    await save('[database]\nurl = "postgres://u:hunter3@a/b"\n');
    expect(logged).toEqual([expect.stringMatching(/^warn: restart needed .*database\.url/)]);
    expect(logged[0]).not.toMatch(/hunter[23]/);
  });

  it("keeps what holds while the file has faults or is gone, and says what is wrong", async () => {
    await save("core.parallelism = 3\n");
    await save("core.parallelism = 4\ncore.task_caching_enabled = maybe\n");
    expect(live.config.core.parallelism).toBe(3);
    expect(logged.at(-1)).toMatch(/^warn: the config file has faults; what it said before holds .*line 2/);
    rmSync(file);
    await clock.tick();
    await clock.tick();
    expect(logged.at(-1)).toMatch(/^warn: .*Config file .* does not exist/);
    await clock.tick();
    const before = logged.length;
    await clock.tick();
    expect(logged).toHaveLength(before);
    await save("core.parallelism = 5\n");
    expect(live.config.core.parallelism).toBe(5);
    expect(logged.slice(before)).toEqual([
      expect.stringMatching(/^info: the config file has no faults any more/),
      expect.stringMatching(/^info: the config file was changed .*parallelism: 3 → 5/),
    ]);
  });

  it("reads nothing that is still being written", async () => {
    for (const text of ["", "core.", "core.parallelism = 1", "core.parallelism = 12"]) {
      writeFileSync(file, text);
      await clock.tick();
    }
    expect(logged).toEqual([]);
    await clock.tick();
    expect(live.config.core.parallelism).toBe(12);
  });
});
