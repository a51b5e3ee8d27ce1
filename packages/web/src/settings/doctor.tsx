// Looks whether everything is there, on the machine of the server, when asked to: it starts a worker, which takes seconds.

import type { DoctorReport } from "@memodag/api-contract";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Button } from "../controls/button.tsx";
import { CommandHint } from "../controls/command-hint.tsx";
import { Problem } from "../controls/problem.tsx";
import { Table, type Column } from "../controls/table.tsx";
import { ask } from "../data/api.ts";
import styles from "./settings-page.module.css";

type Finding = DoctorReport["checks"][number];

const COLUMNS: readonly Column<Finding>[] = [
  { id: "status", head: "Result", cell: ({ status }) => status },
  { id: "check", head: "Check", cell: ({ check }) => check },
  {
    id: "message",
    head: "Finding",
    cell: ({ message }) => <span className={styles.finding}>{message}</span>,
  },
];

/** The section. */
export function Doctor(): ReactNode {
  const look = useMutation({ mutationFn: () => ask<DoctorReport>("/doctor") });
  return (
    <section aria-labelledby="doctor">
      <h2 id="doctor">Is everything there?</h2>
      <p>
        <Button isDisabled={look.isPending} onPress={() => look.mutate()}>
          {look.isPending ? "Looking…" : "Look"}
        </Button>
      </p>
      {look.isError && <Problem error={look.error} />}
      {look.data && (
        <>
          <p role="status">{look.data.ok ? "Nothing failed." : "Something is missing."}</p>
          <Table
            caption="Findings"
            columns={COLUMNS}
            rows={look.data.checks}
            keyOf={({ check, message }) => `${check} ${message}`}
            empty={null}
          />
        </>
      )}
      <CommandHint command="doctor" />
    </section>
  );
}
