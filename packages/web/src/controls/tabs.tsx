// Tabs of a part of a page: one of several contents is shown.

import type { ReactNode } from "react";
import { Tab, TabList, TabPanel, Tabs as AriaTabs } from "react-aria-components/Tabs";
import styles from "./tabs.module.css";

/** Tabs. @param content made for the tab that is shown alone */
export function Tabs({
  label,
  tabs,
  value,
  onChange,
  content,
}: {
  readonly label: string;
  readonly tabs: readonly { readonly id: string; readonly text: string }[];
  readonly value: string;
  readonly onChange: (id: string) => void;
  readonly content: (id: string) => ReactNode;
}): ReactNode {
  return (
    <AriaTabs selectedKey={value} onSelectionChange={(key) => onChange(String(key))}>
      <TabList className={styles.tabs ?? ""} aria-label={label}>
        {tabs.map(({ id, text }) => (
          <Tab key={id} id={id} className={styles.tab ?? ""}>
            {text}
          </Tab>
        ))}
      </TabList>
      {tabs.map(({ id }) => (
        <TabPanel key={id} id={id} className={styles.panel ?? ""}>
          {id === value && content(id)}
        </TabPanel>
      ))}
    </AriaTabs>
  );
}
