// How to begin: where there are no Dags, and where there are Dags and nothing ran.

import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Button } from "../controls/button.tsx";
import { Empty } from "../controls/empty.tsx";
import { Problem } from "../controls/problem.tsx";
import { read } from "../data/api.ts";
import { polled } from "../data/polled.ts";
import { useAct } from "../data/use-act.ts";
import { useMay } from "../data/use-session.ts";
import styles from "./home-empty.module.css";

const HELLO = `import { Dag } from "memodag";

export const hello = new Dag("hello");
const greet = hello.task("greet", () => "hello", { cache: true });
greet();
`;

/** The empty state. */
export function HomeEmpty({ team }: { readonly team: string | undefined }): ReactNode {
  const dags = useQuery(polled(read("dags.list", { team, limit: 1 }))).data;
  if (!dags) return null;
  const [dag] = dags.items;
  return dag ? <FirstRun team={dag.team} dagId={dag.dagId} /> : <FirstDag />;
}

function FirstDag(): ReactNode {
  return (
    <Empty title="There are no Dags yet">
      <p>
        A file that exports a Dag belongs into the folder of a bundle, which <code>memodag.toml</code> names
        in <code>[[bundles]]</code>. This one is whole:
      </p>
      <pre className={styles.code}>
        <code>{HELLO}</code>
      </pre>
      <Button onPress={() => void navigator.clipboard.writeText(HELLO)}>Copy</Button>
    </Empty>
  );
}

function FirstRun({ team, dagId }: { readonly team: string; readonly dagId: string }): ReactNode {
  const trigger = useAct("dags.trigger");
  const navigate = useNavigate();
  const mayRun = useMay("operator", team);
  return (
    <Empty title="Nothing ran yet">
      <p>
        Run <code>{dagId}</code> here, or with <code>memodag dags trigger {dagId}</code>.
      </p>
      {trigger.isError && <Problem error={trigger.error} />}
      {mayRun && (
        <Button
          look="primary"
          isDisabled={trigger.isPending}
          onPress={() =>
            trigger.mutate(
              { team, dagId },
              {
                onSuccess: ({ runId }) =>
                  void navigate({
                    to: "/teams/$team/dags/$dagId/runs/$runId",
                    params: { team, dagId, runId },
                  }),
              },
            )
          }
        >
          Run {dagId}
        </Button>
      )}
    </Empty>
  );
}
