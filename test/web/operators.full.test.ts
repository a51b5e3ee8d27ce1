// Journeys of operators through the pages, in a real browser: purging, the kill switch, approvals, tokens, files that are broken,
// and finding things by the keyboard alone.

import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findBarriers, openWindow, startBrowser, tabTo, type TestWindow } from "./browser.ts";
import { openWebProject, type WebProject } from "./web-project.ts";

const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const HOSTILE = "<img src=x onerror=alert(1)>";

const DAGS = {
  "saving.ts": `import { Dag, getContext } from "memodag";
export const saving = new Dag("saving");
saving.task("save", async () => {
  const { jobCache } = getContext();
  await jobCache.save("pixel", Buffer.from("${PIXEL}", "base64"));
  await jobCache.save("sizes.csv", "name,size\\n\\"${HOSTILE}\\",3\\n");
  await jobCache.save("page.html", "${HOSTILE}");
})();
`,
  "gate.ts": `import { Dag } from "memodag";
import { approval } from "memodag/hitl";
export const gate = new Dag("gate");
gate.task("ask", approval({ subject: "Ship ${HOSTILE}?", body: "Everything is ready." }))();
`,
};

let project: WebProject;
let browser: Browser;
let opened: TestWindow;
let page: Page;
beforeAll(async () => {
  [project, browser] = await Promise.all([openWebProject(), startBrowser()]);
  for (const [name, text] of Object.entries(DAGS)) project.workspace.write(`dags/${name}`, text);
  opened = await openWindow(browser, project.url);
  ({ page } = opened);
  await page.goto(await project.makeLink());
  await page.getByRole("heading", { name: "Home", exact: true }).waitFor();
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await project?.close();
});

/** The faults of the window, once. */
function newFaults(): string[] {
  return (opened.faults as string[]).splice(0);
}

const dialog = (): Locator => page.getByRole("dialog");
const button = (name: string, within: Page | Locator = page): Locator =>
  within.getByRole("button", { name, exact: true });

describe("an operator", () => {
  it("turns the cache off with a reason, which others see, and on again", async () => {
    await page.goto("/cache/health");
    await page.getByText("The cache is on.").waitFor();
    await button("Turn the cache off…").click();
    await page.getByText("Every task runs, in every scheduler").waitFor();
    expect(await findBarriers(page)).toEqual([]);
    expect(await button("Turn off", dialog()).isDisabled()).toBe(true);
    await dialog().getByRole("textbox").fill(`results are wrong ${HOSTILE}`);
    await button("Turn off", dialog()).click();
    await page.getByText(`results are wrong ${HOSTILE}`).first().waitFor();
    const { offReason } = await project.workspace.json<{ offReason: string }>("cache", "stats");
    expect(offReason).toContain("results are wrong");
    await page.goto("/");
    await page.getByRole("link", { name: "cache off" }).click();
    await button("Turn the cache on…").click();
    await button("Turn on", dialog()).click();
    await page.getByText("The cache is on.").waitFor();
    expect(await page.getByRole("cell", { name: "off", exact: true }).count()).toBe(1);
    expect(newFaults()).toEqual([]);
  });

  it("purges what a dry run showed, when its number is typed", async () => {
    const listed = async () =>
      await project.workspace.json<object[]>("cache", "ls", "--dag", "shop", "--task", "price");
    const count = (await listed()).length;
    expect(count).toBeGreaterThan(1);
    await page.goto("/cache/entries?dag=shop&task=price");
    await button("Purge…").click();
    const plan = dialog().getByRole("region", { name: "What would go" });
    await plan.getByText(String(count), { exact: true }).waitFor();
    expect(await findBarriers(page)).toEqual([]);
    const number = dialog().getByRole("textbox", { name: `Type ${count} to purge` });
    await number.fill(String(count + 1));
    expect(await button("Purge", dialog()).isDisabled()).toBe(true);
    await number.fill(String(count));
    await button("Purge", dialog()).click();
    await dialog().getByText(`Forgot ${count} entries.`).waitFor();
    expect(await listed()).toEqual([]);
    await button("Close", dialog()).click();
    await page.getByRole("heading", { name: "No entry matches these filters" }).waitFor();
    await page.goto("/audit?action=cache.purge");
    await page.getByRole("cell", { name: `done: ${count}` }).waitFor();
    expect(newFaults()).toEqual([]);
  });

  it("answers a request, and the task goes on", async () => {
    const running = project.workspace.start("dags", "run", "gate");
    await page.goto("/approvals");
    await page.getByRole("link", { name: `Ship ${HOSTILE}?` }).click();
    await page.getByText("Everything is ready.").waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await button("Approve").click();
    await page.getByText("Answer", { exact: true }).waitFor();
    expect(await running.ended()).toBe(0);
    await page.goto("/approvals");
    await page.getByRole("heading", { name: "No task waits for an answer" }).waitFor();
    expect(newFaults()).toEqual([]);
  });

  it("makes a token, which is shown once, and revokes it", async () => {
    await page.goto("/settings");
    await button("Make a token…").click();
    await dialog().getByRole("textbox", { name: "Name" }).fill("ci");
    expect(await findBarriers(page)).toEqual([]);
    await button("Make", dialog()).click();
    const token = await dialog().getByText(/^mdg_/).textContent();
    const ask = async (): Promise<number> => {
      const headers = { authorization: `Bearer ${token}` };
      return (await fetch(`${project.url}/api/v1/runs`, { headers })).status;
    };
    expect(await ask()).toBe(200);
    await button("Close", dialog()).click();
    expect(await page.getByText(token ?? "").count()).toBe(0);
    await button("Revoke ci").click();
    await button("Revoke", dialog()).click();
    await page.getByRole("cell", { name: "revoked" }).waitFor();
    expect(await ask()).toBe(401);
    expect(newFaults()).toEqual([]);
  });

  it("sees why a Dag file cannot be read, and that it can be again", async () => {
    const text = `import { Dag } from "memodag";\nthrow new Error("${HOSTILE} is broken");\n`;
    project.workspace.write("dags/broken.ts", text);
    const processor = project.workspace.start("dag-processor");
    await page.goto("/");
    await page.getByRole("link", { name: "1 Dag file could not be read" }).click();
    await page.getByRole("heading", { name: /broken\.ts/ }).waitFor();
    await page.getByText(`${HOSTILE} is broken`).waitFor();
    expect(await findBarriers(page)).toEqual([]);
    project.workspace.write("dags/broken.ts", "export const nothing = 1;\n");
    await page.getByRole("heading", { name: "Every Dag file could be read" }).waitFor();
    await processor.end("SIGTERM");
    expect(newFaults()).toEqual([]);
  });

  it("looks at entries of a run: an image, a table, and text that is not run", async () => {
    const { runId } = await project.workspace.json<{ runId: string }>("dags", "run", "saving");
    await page.goto(`/teams/default/dags/saving/runs/${encodeURIComponent(runId)}`);
    await page.getByRole("link", { name: "entries of job caches" }).click();
    await page.getByRole("link", { name: "pixel", exact: true }).click();
    const image = page.getByRole("img", { name: "Entry pixel" });
    await expect
      .poll(
        () => image.evaluate((element) => (element as unknown as { naturalWidth: number }).naturalWidth),
        {
          timeout: 20_000,
        },
      )
      .toBe(1);
    await page.getByRole("link", { name: "sizes.csv", exact: true }).click();
    await page.getByRole("cell", { name: HOSTILE }).waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole("link", { name: "page.html", exact: true }).click();
    await page.locator("pre", { hasText: HOSTILE }).waitFor();
    expect(newFaults()).toEqual([]);
  });

  it("is told on every page that nothing runs, until a scheduler does", async () => {
    await page.goto("/?team=none");
    await page.getByRole("heading", { name: "There are no Dags yet" }).waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await project.workspace.memodag(["dags", "trigger", "shop"]);
    await page.goto("/audit");
    const bar = page.getByRole("alert").getByText("Nothing runs: no scheduler is alive.");
    await bar.waitFor();
    expect(await findBarriers(page)).toEqual([]);
    const scheduler = project.workspace.start("scheduler");
    await bar.waitFor({ state: "detached" });
    await page.goto("/settings");
    await page.getByRole("row", { name: /^scheduler .* alive/ }).waitFor();
    await button("Look").click();
    await page.getByText("Nothing failed.").waitFor();
    await page.goto("/pools");
    await page.locator("h1").waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await scheduler.end("SIGTERM");
    expect(newFaults()).toEqual([]);
  });

  it("finds pages, Dags and entries by the keyboard alone", async () => {
    const [entry] = await project.workspace.json<{ key: string }[]>(
      "cache",
      "ls",
      "--dag",
      "shop",
      "--limit",
      "1",
    );
    await page.goto("/");
    // Keys that are pressed before the page is there are lost.
    await page.getByRole("heading", { name: "Home", exact: true }).waitFor();
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").waitFor();
    await page.keyboard.type("shop");
    await page.getByRole("option", { name: /^shop\s*Dag/ }).waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.keyboard.press("Enter");
    await page.waitForURL("**/teams/default/dags/shop");
    await page.keyboard.press("Control+k");
    await page.keyboard.type(entry?.key.slice(0, 8) ?? "");
    await page.getByRole("option", { name: /entry$/ }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/teams/default/cache/${entry?.key}`);
    await page.keyboard.press("Control+k");
    await page.keyboard.type("kill");
    await page.getByRole("option", { name: /kill switch/ }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL("**/cache/health");
    await tabTo(page, button("Turn the cache off…"));
    await page.keyboard.press("Enter");
    await dialog().waitFor();
    await page.keyboard.press("Escape");
    await dialog().waitFor({ state: "detached" });
    await tabTo(page, button("Turn the cache off…"));
    expect(newFaults()).toEqual([]);
  });
});
