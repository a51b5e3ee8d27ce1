// A task instance: what became of it, its acts, and tabs with why, log, values, tries and details.

import { useSuspenseQuery } from "@tanstack/react-query";
import { Suspense, useCallback, type ReactNode } from "react";
import { Tab, TabList, TabPanel, Tabs } from "react-aria-components/Tabs";
import { Problem } from "../controls/problem.tsx";
import { read, type OutputOf } from "../data/api.ts";
import { MarkIcon } from "../marks/mark-icon.tsx";
import { markOf } from "../marks/mark.ts";
import { instanceName, sentenceOf } from "../marks/sentence.ts";
import { useShortcut } from "../shortcuts/use-shortcut.ts";
import { DetailsTab } from "./details-tab.tsx";
import { ErrorBoundary } from "./error-boundary.tsx";
import { InstanceActs } from "./instance-acts.tsx";
import { firstTab, INSTANCE_TABS, readTab, type InstanceTab } from "./instance-tab.ts";
import styles from "./instance.module.css";
import { LogTab } from "./log-tab.tsx";
import { TriesTab } from "./tries-tab.tsx";
import { ValuesTab } from "./values-tab.tsx";
import { WhyTab } from "./why-tab.tsx";

/** Names an instance. */
export interface InstanceParams {
  readonly team: string;
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  /** -1: the task is not mapped. */
  readonly mapIndex: number;
}

/** An instance with its tries. */
export type ShownInstance = OutputOf<"tasks.show">;

/** The parts that a tab needs. */
export interface TabProps {
  readonly name: InstanceParams;
  readonly instance: ShownInstance;
}

const TEXTS: Readonly<Record<InstanceTab, string>> = {
  why: "Why",
  log: "Log",
  values: "Values",
  tries: "Tries",
  details: "Details",
};

const TABS: Readonly<Record<InstanceTab, (props: TabProps) => ReactNode>> = {
  why: WhyTab,
  log: LogTab,
  values: ValuesTab,
  tries: TriesTab,
  details: DetailsTab,
};

/** The instance. @param isNamed true: a title above it has its name */
export function InstanceView({
  name,
  tab,
  isNamed = false,
  onTab,
  onInstance,
}: {
  readonly name: InstanceParams;
  readonly tab: InstanceTab | undefined;
  readonly isNamed?: boolean;
  readonly onTab: (tab: InstanceTab) => void;
  readonly onInstance: (mapIndex: number) => void;
}): ReactNode {
  const { data: instance } = useSuspenseQuery(read("tasks.show", name));
  const chosen = tab ?? firstTab(instance.state);
  useShortcut(
    "instance.why",
    useCallback(() => onTab("why"), [onTab]),
  );
  useShortcut(
    "instance.log",
    useCallback(() => onTab("log"), [onTab]),
  );
  return (
    <div className={styles.view}>
      <div className={styles.head}>
        {!isNamed && <h2 className={styles.title}>{instanceName(name)}</h2>}
        <p className={styles.sentence}>
          <MarkIcon mark={markOf(instance)} label="" />
          <span>{sentenceWithoutName(instance)}</span>
        </p>
        <InstanceActs name={name} instance={instance} onInstance={onInstance} />
      </div>
      {instance.error && (
        <p className={styles.error}>
          <code>{instance.error.code}</code> {instance.error.message}
        </p>
      )}
      <Tabs selectedKey={chosen} onSelectionChange={(key) => onTab(readTab(key) ?? "why")}>
        <TabList className={styles.tabs ?? ""} aria-label="About the instance">
          {INSTANCE_TABS.map((id) => (
            <Tab key={id} id={id} className={styles.tab ?? ""}>
              {TEXTS[id]}
            </Tab>
          ))}
        </TabList>
        {INSTANCE_TABS.map((id) => {
          const Content = TABS[id];
          return (
            <TabPanel key={id} id={id} className={styles.panel ?? ""}>
              <ErrorBoundary fallback={(error) => <Problem error={error} />}>
                <Suspense fallback={<p>Loading…</p>}>
                  <Content name={name} instance={instance} />
                </Suspense>
              </ErrorBoundary>
            </TabPanel>
          );
        })}
      </Tabs>
    </div>
  );
}

function sentenceWithoutName(instance: ShownInstance): string {
  const sentence = sentenceOf({ ...instance, producerRunId: instance.producer?.runId });
  return sentence.slice(instanceName(instance).length + 2);
}
