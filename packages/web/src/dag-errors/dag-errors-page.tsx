// Files of Dags that cannot be read: where, and why. Their Dags keep the last version that could be.

import { useSuspenseQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Empty } from "../controls/empty.tsx";
import { Page } from "../controls/page.tsx";
import { read, type OutputOf } from "../data/api.ts";
import { polled } from "../data/polled.ts";
import { useTeam } from "../data/use-session.ts";
import styles from "./dag-errors-page.module.css";

type FileError = OutputOf<"dags.errors">[number];

/** The page. */
export function DagErrorsPage(): ReactNode {
  const { data } = useSuspenseQuery(polled(read("dags.errors", { team: useTeam() })));
  return (
    <Page title="Dag files that could not be read" command="dags errors">
      {data.length === 0 ? (
        <Empty title="Every Dag file could be read" />
      ) : (
        <>
          <p>Runs of Dags in these files use the last version that could be read, if there was one.</p>
          <ul className={styles.errors}>
            {data.map((error) => (
              <li key={`${error.team}/${error.bundle}/${error.path}`}>
                <h2 className={styles.place}>{placeOf(error)}</h2>
                <p>
                  Bundle <code>{error.bundle}</code>, team <code>{error.team}</code>
                </p>
                <pre className={styles.message} tabIndex={0}>
                  {error.message}
                </pre>
              </li>
            ))}
          </ul>
        </>
      )}
    </Page>
  );
}

function placeOf({ file, path, line, column }: FileError): string {
  return [file ?? path, line, column].filter((part) => part !== null).join(":");
}
