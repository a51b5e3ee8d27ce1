// Runs under way, and hostile ones, in a real browser: what users wrote is text everywhere.

import { writeFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWindow, startBrowser, type TestWindow } from "./browser.ts";
import { openWebProject, type WebProject } from "./web-project.ts";

const EVIL = '<img src=x onerror="document.title=1"><script>document.title=1</script>';

const DAGS = {
  "slow.ts": `import { existsSync } from "node:fs";
import { Dag, getContext } from "memodag";
export const dag = new Dag("slow", { params: { gate: "" } });
const first = dag.task("first", () => 1, { cache: true });
dag.task("second", async ({ one }: { one: number }) => {
  console.log("before the gate");
  while (!existsSync(String(getContext().params["gate"]))) await new Promise((resolve) => setTimeout(resolve, 50));
  console.log("behind the gate");
  return one;
})({ one: first() });
`,
  "evil.ts": `import { Dag } from "memodag";
const evil = ${JSON.stringify(EVIL)};
export const dag = new Dag("evil", { params: { text: evil } });
const say = dag.task("say", () => {
  console.log(evil + "\\u001b[31m red\\u001b[0m \\u001b]8;;javascript:alert(1)\\u0007link\\u001b]8;;\\u0007");
  console.log("10 %\\r100 %");
  return { [evil]: evil };
});
dag.task("fail", ({ value: _ }: { value: unknown }) => {
  throw new Error(evil);
})({ value: say() });
`,
};

let project: WebProject;
let browser: Browser;
beforeAll(async () => {
  [project, browser] = await Promise.all([openWebProject(), startBrowser()]);
  for (const [name, text] of Object.entries(DAGS)) project.workspace.write(`dags/${name}`, text);
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await project?.close();
});

async function signIn(): Promise<TestWindow> {
  const window = await openWindow(browser, project.url);
  await window.page.goto(await project.makeLink());
  await window.page.getByRole("heading", { name: "Home" }).waitFor();
  return window;
}

async function latestRun(dagId: string): Promise<string> {
  const [run] = await project.workspace.json<{ runId: string }[]>("runs", "list", dagId);
  return `/teams/default/dags/${dagId}/runs/${encodeURIComponent(run?.runId ?? "")}`;
}

describe("a run under way", () => {
  it("is followed to its end, with its log, without being asked for again", async () => {
    const gate = project.workspace.path("gate");
    const running = project.workspace.start("dags", "run", "slow", "--param", `gate=${gate}`);
    const { page, context, faults } = await signIn();
    await expect
      .poll(() => project.workspace.json<object[]>("runs", "list", "slow"), { timeout: 60_000 })
      .toHaveLength(1);
    await page.goto(await latestRun("slow"));
    await page.getByRole("link", { name: "second" }).click();
    const log = page.getByRole("log", { name: "Log" });
    await page.getByRole("tab", { name: "Log" }).click();
    await log.getByText("before the gate").waitFor();
    writeFileSync(gate, "");
    await log.getByText("behind the gate").waitFor();
    await page.locator("header").getByText("success").waitFor();
    await page.getByRole("img", { name: /^second: success/ }).waitFor();
    expect(await running.ended()).toBe(0);
    expect(faults).toEqual([]);
    await context.close();
  });
});

describe("what users wrote", () => {
  it("is text on every page", async () => {
    await project.workspace.memodag(["dags", "run", "evil"]);
    const { page, context, faults } = await signIn();
    const run = await latestRun("evil");
    await page.goto(`${run}?task=fail`);
    await page.getByText("<script>").first().waitFor();
    await page.goto(`${run}/tasks/say/-1?tab=log`);
    const log = page.getByRole("log", { name: "Log" });
    await log.getByText("onerror").waitFor();
    expect(await log.textContent()).toContain(`${EVIL} red link`);
    expect(await log.textContent()).toContain("100 %");
    expect(await log.textContent()).not.toContain("10 %100");
    expect(await log.locator("img, script, a").count()).toBe(0);
    await page.goto(`${run}/tasks/say/-1?tab=values`);
    await page.getByLabel("Value return_value").getByText("onerror").waitFor();
    await page.goto(`${run}/tasks/fail/-1?tab=tries`);
    await page.getByRole("cell", { name: "onerror" }).waitFor();
    expect(await page.title()).toContain("memodag");
    expect(faults).toEqual([]);
    await context.close();
  });

  it("names what is not there in words", async () => {
    const { page, context } = await signIn();
    await page.goto(`/teams/default/dags/evil/runs/${encodeURIComponent("<b>none</b>")}`);
    const alert = page.getByRole("alert");
    await alert.getByText("<b>none</b>").waitFor();
    expect(await alert.locator("b").count()).toBe(0);
    await context.close();
  });
});
