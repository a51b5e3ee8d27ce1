// What a user does to runs, task instances and results through dialogs, in a real browser; cancelling by the keyboard alone.

import { writeFileSync } from "node:fs";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findBarriers, openWindow, startBrowser, tabTo, type TestWindow } from "./browser.ts";
import { openWebProject, type WebProject } from "./web-project.ts";

const WAITING_DAG = `import { existsSync } from "node:fs";
import { Dag, getContext } from "memodag";
export const dag = new Dag("waiting", { params: { gate: "" } });
dag.task("wait", async () => {
  while (!existsSync(String(getContext().params["gate"]))) await new Promise((resolve) => setTimeout(resolve, 50));
})();
`;

interface Listed {
  readonly runId: string;
  readonly state: string;
}

interface ListedTask {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly state: string;
  readonly cacheStatus: string | null;
}

const PATIENCE = { timeout: 60_000 };

let project: WebProject;
let browser: Browser;
let opened: TestWindow;
let page: Page;
let runIds: string[];
beforeAll(async () => {
  [project, browser] = await Promise.all([openWebProject(), startBrowser()]);
  project.workspace.write("dags/waiting.ts", WAITING_DAG);
  runIds = (await listRuns("shop")).map(({ runId }) => runId).toReversed();
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

const listRuns = (dagId: string): Promise<Listed[]> => project.workspace.json("runs", "list", dagId);

async function stateOf(dagId: string, runId: string): Promise<string | undefined> {
  return (await listRuns(dagId)).find((run) => run.runId === runId)?.state;
}

async function taskOf(runId: string, taskId: string): Promise<ListedTask | undefined> {
  const { tasks } = await project.workspace.json<{ tasks: ListedTask[] }>("runs", "show", "shop", runId);
  return tasks.find((task) => task.taskId === taskId);
}

const address = (dagId: string, runId = ""): string =>
  `/teams/default/dags/${dagId}/runs/${encodeURIComponent(runId)}`;
const dialog = (): Locator => page.getByRole("dialog");
const button = (name: string, within: Page | Locator = page): Locator =>
  within.getByRole("button", { name, exact: true });

describe("a dialog", () => {
  it("cancels a run by the keyboard alone, and gives the focus back where it was left", async () => {
    const gate = project.workspace.path("gate");
    const running = project.workspace.start("dags", "run", "waiting", "--param", `gate=${gate}`);
    await expect.poll(async () => (await listRuns("waiting"))[0]?.state, PATIENCE).toBe("running");
    const [run] = await listRuns("waiting");
    await page.goto(address("waiting", run?.runId));
    await button("Cancel").waitFor();
    await tabTo(page, button("Cancel"));
    await page.keyboard.press("Enter");
    await dialog().getByText("Attempts that run are ended and fail").waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await dialog().waitFor({ state: "detached" });
    expect(await stateOf("waiting", run?.runId ?? "")).toBe("running");
    await tabTo(page, button("Cancel"));
    await page.keyboard.press("Enter");
    await dialog().waitFor();
    await tabTo(page, button("Cancel the run", dialog()));
    await page.keyboard.press("Enter");
    await dialog().waitFor({ state: "detached" });
    await page.locator("header").getByText("failed").waitFor();
    await button("Cancel").waitFor({ state: "detached" });
    expect(await stateOf("waiting", run?.runId ?? "")).toBe("failed");
    writeFileSync(gate, "");
    expect(await running.ended()).not.toBe(0);
    expect(newFaults()).toEqual([]);
  });

  it("clears what failed, with the tasks below that it named", async () => {
    await page.goto(address("shop", runIds[3]));
    await button("Run again").click();
    await page.getByRole("menuitem", { name: "Clear what failed" }).click();
    await dialog().getByText("The run is queued again with report, sum.").waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await button("Clear 2 instances", dialog()).click();
    await dialog().waitFor({ state: "detached" });
    expect(await stateOf("shop", runIds[3] ?? "")).toBe("queued");
    expect(await taskOf(runIds[3] ?? "", "sum")).toMatchObject({ state: "none" });
    expect(await taskOf(runIds[3] ?? "", "load")).toMatchObject({ state: "success" });
    expect(newFaults()).toEqual([]);
  });

  it("sets the state of an instance, and of no other", async () => {
    await page.goto(`${address("shop", runIds[2])}/tasks/load/-1`);
    await button("Set its state").click();
    await dialog().getByText("It is success now").waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await dialog().getByRole("button", { name: "New state" }).click();
    await page.getByRole("option", { name: "skipped" }).click();
    await button("Set to skipped", dialog()).click();
    await dialog().waitFor({ state: "detached" });
    await page.getByText("skipped", { exact: true }).first().waitFor();
    expect(await taskOf(runIds[2] ?? "", "load")).toMatchObject({ state: "skipped" });
    expect(await taskOf(runIds[2] ?? "", "report")).toMatchObject({ state: "success" });
    expect(newFaults()).toEqual([]);
  });

  it("forgets the result of one key, and leaves the others", async () => {
    const listed = (): Promise<{ taskId: string }[]> =>
      project.workspace.json("cache", "ls", "--dag", "shop", "--limit", "100");
    const before = (await listed()).map(({ taskId }) => taskId);
    expect(before.filter((taskId) => taskId === "load")).toHaveLength(1);
    await page.goto(`${address("shop", runIds[0])}/tasks/load/-1`);
    await button("Forget it").click();
    await dialog().getByText("1 entry of").waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await button("Forget it", dialog()).click();
    await dialog().waitFor({ state: "detached" });
    const after = (await listed()).map(({ taskId }) => taskId);
    expect(after.toSorted()).toEqual(before.filter((taskId) => taskId !== "load").toSorted());
    await button("Forget it").click();
    await dialog().getByText("no entry of this key any more").waitFor();
    expect(await button("Forget it", dialog()).isDisabled()).toBe(true);
    await button("Leave it", dialog()).click();
    expect(newFaults()).toEqual([]);
  });

  it("makes a run that refreshes the cache, and leads to it", async () => {
    await page.goto(address("shop", runIds[1]));
    await button("Run again").click();
    await page.getByRole("menuitem", { name: "New run that refreshes the cache" }).click();
    await dialog().getByText("A new run of shop with the same params").waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await button("Trigger it", dialog()).click();
    await dialog().waitFor({ state: "detached" });
    const [made] = await listRuns("shop");
    expect(runIds).not.toContain(made?.runId);
    await page.waitForURL(`**${address("shop", made?.runId)}`);
    const scheduler = project.workspace.start("scheduler");
    await expect.poll(() => stateOf("shop", made?.runId ?? ""), PATIENCE).toBe("success");
    expect((await taskOf(made?.runId ?? "", "report"))?.cacheStatus).not.toBe("hit");
    await page.locator("header").getByText("success").waitFor();
    await scheduler.end("SIGTERM");
    expect(newFaults()).toEqual([]);
  });
});
