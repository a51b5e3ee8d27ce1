// A task instance: what became of it, its acts, and tabs with why, log, values, tries and details.

import { useSuspenseQuery } from "@tanstack/react-query";
import { Suspense, useCallback, type ReactNode } from "react";
import { Problem } from "../controls/problem.tsx";
import { Tabs } from "../controls/tabs.tsx";
import { read } from "../data/api.ts";
import { MarkIcon } from "../marks/mark-icon.tsx";
import { markOf } from "../marks/mark.ts";
import { instanceName, sentenceOf } from "../marks/sentence.ts";
import { useShortcut } from "../shortcuts/use-shortcut.ts";
import { DetailsTab } from "./details-tab.tsx";
import { ErrorBoundary } from "./error-boundary.tsx";
import { InstanceActs } from "./instance-acts.tsx";
import {
  firstTab,
  INSTANCE_TABS,
  readTab,
  type InstanceParams,
  type InstanceTab,
  type ShownInstance,
  type TabProps,
} from "./instance-tab.ts";
import styles from "./instance.module.css";
import { LogTab } from "./log-tab.tsx";
import { TriesTab } from "./tries-tab.tsx";
import { ValuesTab } from "./values-tab.tsx";
import { WhyTab } from "./why-tab.tsx";

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
      <Tabs
        label="About the instance"
        tabs={INSTANCE_TABS.map((id) => ({ id, text: TEXTS[id] }))}
        value={chosen}
        onChange={(id) => onTab(readTab(id) ?? "why")}
        content={(id) => {
          const Content = TABS[readTab(id) ?? "why"];
          return (
            <ErrorBoundary fallback={(error) => <Problem error={error} />}>
              <Suspense fallback={<p>Loading…</p>}>
                <Content name={name} instance={instance} />
              </Suspense>
            </ErrorBoundary>
          );
        }}
      />
    </div>
  );
}

function sentenceWithoutName(instance: ShownInstance): string {
  const sentence = sentenceOf({ ...instance, producerRunId: instance.producer?.runId });
  return sentence.slice(instanceName(instance).length + 2);
}
