// Shells for tests: the system's, else those of Debian's packages, unpacked into the checkout without installing them.

import { existsSync, globSync } from "node:fs";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { unpackPackages } from "./debian-packages.ts";
import { installOnce } from "./install-once.ts";

/** A shell that tests can start. */
export interface TestShell {
  readonly program: string;
  /** Variables that it needs. */
  readonly env: Readonly<Record<string, string>>;
  /** Lines that have to be the first that it reads. */
  readonly preamble: string;
}

const PACKAGES = {
  bash: ["bash"],
  zsh: ["zsh", "zsh-common"],
  fish: ["fish", "fish-common", "libpcre2-32-0"],
} as const;

/** Returns a shell, installing it when it is first needed. @throws Error that says what is needed */
export async function installShell(name: keyof typeof PACKAGES): Promise<TestShell> {
  const found = ["/bin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"]
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
  if (found !== undefined) return { program: found, env: {}, preamble: "" };
  const needs = `${name}, or apt-get and dpkg-deb to unpack Debian's packages`;
  const root = await installOnce(`shell-${name}`, needs, async (folder) => {
    await unpackPackages(PACKAGES[name], folder);
    // Fish looks for all of its folders below that of its program.
    await symlink("../etc", join(folder, "usr/etc"));
  });
  const [program = ""] = globSync([join(root, "bin", name), join(root, "usr/bin", name)]);
  const libraries = globSync(join(root, "usr/lib/*-linux-gnu"));
  const preamble =
    name === "zsh"
      ? `module_path=(${globSync(join(root, "usr/lib/*/zsh/*")).join(" ")})\n` +
        `fpath=(${join(root, "usr/share/zsh/functions")}/**/*(/))\n`
      : "";
  return { program, env: { LD_LIBRARY_PATH: libraries.join(":") }, preamble };
}
