import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { MemodagError } from "@memodag/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkFolders, describeConfig, type LoadedConfig, loadConfig } from "@memodag/config";
import { defaultParallelism } from "../src/schema/service-tables.ts";

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "memodag-config-"));
});
afterEach(() => rmSync(cwd, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(cwd, path)), { recursive: true });
  writeFileSync(join(cwd, path), text);
}

function load(env: Record<string, string> = {}, file?: string): LoadedConfig {
  return loadConfig({ env, cwd, file });
}

function faultsOf(env: Record<string, string> = {}): readonly string[] {
  try {
    load(env);
  } catch (error) {
    if (error instanceof MemodagError && error.code === "config_invalid") {
      return error.fields["faults"] as readonly string[];
    }
    throw error;
  }
  throw new Error("the config was accepted");
}

it.each([
  [1, 4],
  [2, 4],
  [4, 4],
  [5, 5],
  [64, 64],
  [10_000, 4096],
])("%d cores run %d workers unless the config says otherwise", (cores, workers) => {
  expect(defaultParallelism(cores)).toBe(workers);
});

describe("where the config comes from", () => {
  it("has defaults when there is no file", () => {
    const { config, file } = load();
    expect(file).toBeNull();
    expect(config.core.parallelism).toBe(defaultParallelism(availableParallelism()));
    expect(config.core.stateDir).toBe(join(cwd, ".memodag"));
    expect(config.database.url).toBe(`sqlite:${join(cwd, ".memodag/metadata.db")}`);
    expect(config.taskCache.defaultTtl).toBe(7 * 86_400_000);
    expect(config.taskCache.maxResultSize).toBe(16 * 2 ** 20);
    expect(config.bundles).toEqual([]);
  });

  it("takes --config, then $MEMODAG_CONFIG, then ./memodag.toml, then ./config/memodag.toml", () => {
    write("config/memodag.toml", "core.parallelism = 1");
    expect(load().config.core.parallelism).toBe(1);
    write("memodag.toml", "core.parallelism = 2");
    expect(load().config.core.parallelism).toBe(2);
    write("a.toml", "core.parallelism = 3");
    expect(load({ MEMODAG_CONFIG: "a.toml" }).config.core.parallelism).toBe(3);
    write("b.toml", "core.parallelism = 4");
    expect(load({ MEMODAG_CONFIG: "a.toml" }, "b.toml").config.core.parallelism).toBe(4);
  });

  it("takes the nearest file above, and its paths from where it is", () => {
    write("memodag.toml", "core.parallelism = 1");
    mkdirSync(join(cwd, "a/b/c"), { recursive: true });
    const below = loadConfig({ env: {}, cwd: join(cwd, "a/b/c") });
    expect(below).toMatchObject({ file: join(cwd, "memodag.toml"), projectDir: cwd });
    write("a/config/memodag.toml", "core.parallelism = 2");
    const nearer = loadConfig({ env: {}, cwd: join(cwd, "a/b/c") });
    expect(nearer.config.core).toMatchObject({ parallelism: 2, stateDir: join(cwd, "a/.memodag") });
  });

  it.runIf(process.geteuid?.() === 0)(
    "takes no file above that another user wrote, unless it is named",
    () => {
      write("memodag.toml", "core.parallelism = 1");
      chownSync(join(cwd, "memodag.toml"), 1_234, 1_234);
      mkdirSync(join(cwd, "a"));
      const lookup = { env: {}, cwd: join(cwd, "a") };
      expect(() => loadConfig(lookup)).toThrow(/belongs to another user \(uid 1234\): add --config/);
      expect(loadConfig({ ...lookup, file: "../memodag.toml" }).config.core.parallelism).toBe(1);
      // In the current folder it is taken, as it always was.
      expect(load().config.core.parallelism).toBe(1);
    },
  );

  it("refuses a named file that is not there", () => {
    expect(() => load({}, "nowhere.toml")).toThrow(
      expect.objectContaining({ code: "config_not_found", message: expect.stringContaining("--config") }),
    );
    expect(() => load({ MEMODAG_CONFIG: "nowhere.toml" })).toThrow(/given by \$MEMODAG_CONFIG/);
  });

  it("resolves paths from the file's folder, or from the one above a folder named config", () => {
    const text = '[[bundles]]\nname = "a"\npath = "dags"\n[database]\nurl = "sqlite:data/m.db"';
    write("deploy/memodag.toml", text);
    write("config/memodag.toml", text);
    const deployed = load({}, "deploy/memodag.toml").config;
    expect(deployed.bundles[0]?.path).toBe(join(cwd, "deploy/dags"));
    expect(deployed.database.url).toBe(`sqlite:${join(cwd, "deploy/data/m.db")}`);
    const project = load().config;
    expect(project.bundles[0]?.path).toBe(join(cwd, "dags"));
    expect(project.database.url).toBe(`sqlite:${join(cwd, "data/m.db")}`);
  });

  it("reads secrets from files of their own, and lets the environment win over either", () => {
    write("secret", "postgres://u:hunter2@host/db\n");
    write("memodag.toml", '[database]\nurl_file = "secret"');
    expect(load().config.database.url).toBe("postgres://u:hunter2@host/db");
    expect(load({ MEMODAG__DATABASE__URL: "postgres://other/db" }).config.database.url).toBe(
      "postgres://other/db",
    );
    write("options", "token=hunter2\n");
    write("memodag.toml", '[task_cache]\nbackend_options_file = "options"');
    expect(load().config.taskCache).toMatchObject({ backendOptions: "token=hunter2" });
    expect(load().config.taskCache).not.toHaveProperty("backendOptionsFile");
    expect(JSON.stringify(describeConfig(load()))).not.toContain("hunter2");
    write("memodag.toml", '[database]\nurl = "postgres://file/db"');
    expect(load({ MEMODAG__DATABASE__URL_FILE: "secret" }).config.database.url).toContain("hunter2");
  });

  it("lets MEMODAG__SECTION__KEY override any key, in bundles too", () => {
    write("memodag.toml", '[[bundles]]\nname = "a"\npath = "dags"');
    const { config, variables } = load({
      MEMODAG__CORE__PARALLELISM: "3",
      MEMODAG__CORE__TASK_CACHING_ENABLED: "false",
      MEMODAG__TASK_CACHE__DEFAULT_TTL: "never",
      MEMODAG__BUNDLES__0__PATH: "/elsewhere",
      MEMODAG__BUNDLES__1__NAME: "b",
      MEMODAG__BUNDLES__1__PATH: "more",
    });
    expect(config.core).toMatchObject({ parallelism: 3, taskCachingEnabled: false });
    expect(config.taskCache.defaultTtl).toBeNull();
    expect(config.bundles).toEqual([
      { name: "a", path: "/elsewhere", team: "default" },
      { name: "b", path: join(cwd, "more"), team: "default" },
    ]);
    expect(variables.get("core.parallelism")).toBe("MEMODAG__CORE__PARALLELISM");
  });
});

describe("a config with faults", () => {
  it("lists five at once, each with its path, what was expected, what was found, and the nearest key", () => {
    write(
      "memodag.toml",
      `
      [core]
      paralelism = 3
      multi_team = "yes"
      [task_cache]
      default_ttl = "a week"
      max_result_size = 16
      [databse]
      url = "sqlite:x"
      `,
    );
    expect(faultsOf()).toEqual([
      'core.multi_team: expected true or false, found "yes"',
      "core.paralelism: expected a key of [core]: executor, parallelism, multi_team, task_caching_enabled, " +
        "task_cache_backend, secret_patterns, log_level, max_xcom_size, state_dir, found an unknown name; did you mean core.parallelism?",
      'task_cache.default_ttl: expected a duration with a unit from 1ms to 36500d, such as "12h", or "never", ' +
        'found "a week"',
      'task_cache.max_result_size: expected a size with a unit from 1B to 1048576GiB, such as "16MiB", found 16',
      "databse: expected a section: core, database, task_cache, job_cache, signatures, scope, retention, scheduler, executor, worker_api, api, api_oidc, telemetry, worker, dag_processor, dag_retention, stores, scopes, pools, variables, caches, bundles, api_grants, found an unknown name; " +
        "did you mean database?",
    ]);
    expect(() => load()).toThrow(/^memodag\.toml has 5 faults:\n {2}core\.multi_team: /);
  });

  it("says so in one line when there is one", () => {
    write("memodag.toml", "core.parallelism = 0");
    expect(() => load()).toThrow(
      /^memodag\.toml: core\.parallelism: expected an integer from 1 to 4096, found 0$/,
    );
  });

  it("knows a key under the wrong section", () => {
    write("memodag.toml", 'lookup_timeout = "1s"\n[core]\ndefault_ttl = "1d"');
    const faults = faultsOf();
    expect(faults[0]).toMatch(/did you mean task_cache\.default_ttl\?$/);
    expect(faults[1]).toMatch(/did you mean task_cache\.lookup_timeout\?$/);
  });

  it("lists bundle and team faults beside the others", () => {
    write(
      "memodag.toml",
      `core.multi_team = true
      core.parallelism = "many"
      [[bundles]]
      name = "a"
      [[bundles]]
      name = "a"
      path = "x"
      team = "B"`,
    );
    expect(faultsOf()).toEqual([
      'core.parallelism: expected an integer from 1 to 4096, found "many"',
      "bundles[0].path: expected the path of a folder, found nothing",
      expect.stringMatching(/^bundles\[1\]\.team: expected a name of 1 to 63 .*, found "B"$/),
      "bundles[0].team: expected a team, because core.multi_team is true, found nothing",
      'bundles[1].name: expected a unique name, found "a", which is also the name of bundles[0]',
    ]);
  });

  it("refuses a team while multi_team is false", () => {
    write("memodag.toml", '[[bundles]]\nname = "a"\npath = "x"\nteam = "ml"');
    expect(faultsOf()).toEqual([
      'bundles[0].team: expected no team, because core.multi_team is false, found "ml"',
    ]);
  });

  it("names the environment variable that a fault comes from, and the nearest known one", () => {
    expect(
      faultsOf({ MEMODAG__CORE__PARALLELISM: "many", MEMODAG__CORE__PARALELISM: "3", MEMODAG__X: "" }),
    ).toEqual([
      'MEMODAG__CORE__PARALLELISM (core.parallelism): expected an integer from 1 to 4096, found "many"',
      expect.stringMatching(/^MEMODAG__CORE__PARALELISM: .*; did you mean MEMODAG__CORE__PARALLELISM\?$/),
      expect.stringMatching(/^MEMODAG__X: .*found an unknown name$/),
    ]);
  });

  it("points at the line of what is not TOML", () => {
    write("memodag.toml", "[core]\nparallelism = = 3");
    expect(faultsOf()).toEqual([
      expect.stringMatching(/^line 2, column \d+: expected TOML, found a syntax error: .+/),
    ]);
  });

  it.each([
    "core = 3",
    "core = 2026-01-01",
    "bundles = 3",
    'bundles = ["a"]',
    "core = []",
    "core.parallelism = 2026-01-01",
  ])("refuses a value of another shape: %s", (text) => {
    write("memodag.toml", text);
    expect(faultsOf()).toHaveLength(1);
    expect(faultsOf({ MEMODAG__TASK_CACHE__DEFAULT_TTL: "1d" })).toHaveLength(1);
  });

  it("refuses url beside url_file, and a url_file that cannot be read", () => {
    write("memodag.toml", '[database]\nurl = "sqlite:x"\nurl_file = "y"\n[task_cache]\nurl_file = "nowhere"');
    expect(faultsOf()).toEqual([
      "database.url_file: expected either database.url or database.url_file, found both",
      'task_cache.url_file: expected a readable file, found "nowhere"',
    ]);
  });

  it("never prints a secret, not even a wrong one", () => {
    write("secret", "mysql://root:hunter2@host/db");
    write("memodag.toml", '[database]\nurl_file = "secret"\n[task_cache]\nurl = "hunter2"');
    expect(faultsOf().join("\n")).not.toContain("hunter2");
    expect(faultsOf()[0]).toMatch(/found "mysql:…"$/);
  });
});

describe("describeConfig", () => {
  it("shows each key with its origin and no password", () => {
    write("memodag.toml", '[database]\nurl = "postgres://u:hunter2@host/db?sslpassword=hunter2"');
    const shown = describeConfig(load({ MEMODAG__CORE__PARALLELISM: "3" }));
    expect(JSON.stringify(shown)).not.toContain("hunter2");
    expect(shown).toContainEqual({
      path: "core.parallelism",
      value: 3,
      origin: "MEMODAG__CORE__PARALLELISM",
    });
    expect(shown).toContainEqual({
      path: "database.url",
      value: "postgres://u:***@host/db?sslpassword=***",
      origin: "file",
    });
    expect(shown).toContainEqual({ path: "task_cache.default_ttl", value: "7d", origin: "default" });
    expect(shown).toContainEqual({ path: "task_cache.url", value: null, origin: "default" });
  });
});

describe("checkFolders", () => {
  it("names every bundle whose folder is not there", () => {
    const bundle = (name: string) => `[[bundles]]\nname = "${name}"\npath = "${name}"\n`;
    write("memodag.toml", ["a", "b", "c"].map(bundle).join(""));
    write("b/dag.ts", "");
    write("c", "a file");
    expect(() => checkFolders(load())).toThrow(
      /has 2 faults:\n {2}bundles\[0\]\.path: expected an existing folder, found ".*a"\n {2}bundles\[2\]/,
    );
    write("memodag.toml", bundle("b"));
    expect(() => checkFolders(load())).not.toThrow();
  });
});

describe("caches", () => {
  it("are of two kinds, each with its own keys and defaults", () => {
    write(
      "memodag.toml",
      `[[stores]]
      name = "bucket"
      kind = "s3"
      bucket = "b"
      [job_cache]
      store = "bucket"
      max_entry_size = "2MiB"
      [[caches]]
      name = "rates"
      kind = "values"
      [[caches]]
      name = "aux"
      kind = "entries"
      scope = "team"
      [[caches]]
      name = "aux"
      kind = "entries"
      scope = "dag"
      team = "geo"
      store = "filesystem"
      default_ttl = "30d"
      max_size = "200GiB"
      max_entry_size = "1GiB"
      enabled = false`,
    );
    const loaded = load();
    expect(loaded.config.caches).toEqual([
      {
        name: "rates",
        kind: "values",
        enabled: true,
        defaultTtl: 3_600_000,
        adapter: "metadata-db",
        lease: 30_000,
        maxValueSize: 2 ** 20,
        maxEntries: 10_000,
      },
      {
        name: "aux",
        kind: "entries",
        enabled: true,
        defaultTtl: null,
        scope: "team",
        store: "bucket",
        maxEntrySize: 2 * 2 ** 20,
      },
      {
        name: "aux",
        kind: "entries",
        team: "geo",
        enabled: false,
        defaultTtl: 30 * 86_400_000,
        scope: "dag",
        store: "filesystem",
        maxEntrySize: 2 ** 30,
        maxSize: 200 * 2 ** 30,
      },
    ]);
    const shown = describeConfig(loaded).map(({ path }) => path);
    expect(shown).toContain("caches[0].adapter");
    expect(shown).not.toContain("caches[1].adapter");
    expect(shown).toContain("caches[1].max_size");
  });

  it("refuses a name used twice, a key of the other kind, and a store that there is not", () => {
    write(
      "memodag.toml",
      `[[caches]]
      name = "a"
      kind = "values"
      scope = "team"
      adapter = "redis"
      [[caches]]
      name = "a"
      kind = "entries"
      scope = "team"
      [[caches]]
      name = "b"
      kind = "entries"
      store = "bucket"
      lease = "1m"
      [[caches]]
      name = "xcom"
      kind = "entries"
      scope = "all"
      [[caches]]
      name = "d"
      kind = "both"`,
    );
    expect(faultsOf()).toEqual([
      'caches[3].scope: expected "run", "dag" or "team", found "all"',
      'caches[4].kind: expected "values" or "entries", found "both"',
      'caches[0].scope: expected a key of kind "values", found a key of kind "entries"',
      'caches[0].url: expected the URL of Redis, or url_file, for adapter = "redis", found nothing',
      'caches[1].name: expected a unique name, found "a", which is also the name of caches[0]',
      'caches[2].lease: expected a key of kind "entries", found a key of kind "values"',
      'caches[2].scope: expected "run", "dag" or "team", for kind "entries", found nothing',
      'caches[2].store: expected "metadata-db", "memory", "filesystem" or a name of [[stores]], found "bucket"',
      'caches[3].name: expected another name, found "xcom", which is reserved',
    ]);
  });
});

describe("stores of caches and locks", () => {
  it("keep what they have, and are of every team or of the cache's", () => {
    const store = (name: string, rest: string) => `[[stores]]\nname = "${name}"\n${rest}\n`;
    const cache = (name: string, rest: string) =>
      `[[caches]]\nname = "${name}"\nkind = "entries"\nscope = "team"\n${rest}\n`;
    write(
      "memodag.toml",
      [
        store("fast", 'kind = "redis"\nurl = "redis://localhost"'),
        store("ours", 'kind = "filesystem"\npath = "kept"\nteam = "ml"'),
        cache("a", 'store = "fast"'),
        cache("b", 'store = "ours"'),
        cache("c", 'store = "ours"\nteam = "geo"'),
        cache("d", 'store = "ours"\nteam = "ml"'),
        '[job_cache]\nstore = "fast"',
        '[task_cache]\nlock_store = "ours"',
      ].join("\n"),
    );
    const found = 'found "ours", a store of team "ml"';
    expect(faultsOf()).toEqual([
      'job_cache.store: expected a store that keeps what it has, found "fast", a store of kind "redis"',
      'caches[0].store: expected a store that keeps what it has, found "fast", a store of kind "redis"',
      `task_cache.lock_store: expected a store of every team, ${found}`,
      `caches[1].store: expected a store of every team, ${found}`,
      `caches[2].store: expected a store of every team or of the cache's, ${found}`,
    ]);
  });
});

describe("variables", () => {
  it("are texts by name, for every team or for one, each once", () => {
    write("memodag.toml", '[[variables]]\nname = "region"\nvalue = "eu"\n');
    expect(load().config.variables).toEqual([{ name: "region", value: "eu" }]);
    write(
      "memodag.toml",
      '[[variables]]\nname = "a b"\nvalue = "s3cret"\n' +
        '[[variables]]\nname = "k"\nvalue = "s3cret"\n[[variables]]\nname = "k"\nvalue = 3\n' +
        '[[variables]]\nname = "k"\nvalue = "s3cret"\nteam = "ml"\n',
    );
    const faults = faultsOf();
    expect(faults).toEqual([
      expect.stringContaining("variables[0].name"),
      expect.stringContaining("variables[2].value"),
      'variables[2].name: expected a unique name, found "k", which is also the name of variables[1]',
    ]);
    expect(faults.join()).not.toContain("s3cret");
  });
});

describe("pools", () => {
  it("have names of their own and a number of slots", () => {
    write("memodag.toml", '[[pools]]\nname = "gpu"\nslots = 2\n');
    expect(load().config.pools).toEqual([{ name: "gpu", slots: 2 }]);
    expect(load({ MEMODAG__POOLS__0__SLOTS: "3" }).config.pools).toEqual([{ name: "gpu", slots: 3 }]);
    write(
      "memodag.toml",
      '[[pools]]\nname = "gpu"\nslots = 0\n[[pools]]\nname = "gpu"\nslots = 1\n[[pools]]\nname = " "\n',
    );
    expect(faultsOf()).toEqual([
      expect.stringContaining("pools[0].slots"),
      expect.stringContaining("pools[2].name"),
      expect.stringContaining("pools[2].slots"),
      expect.stringContaining(
        'pools[1].name: expected a unique name, found "gpu", which is also the name of pools[0]',
      ),
    ]);
  });
});
