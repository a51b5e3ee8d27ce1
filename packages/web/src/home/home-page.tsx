// Home: what ran, what was remembered and what that saved, with what is under way and what failed.

import { useSuspenseQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Facts } from "../controls/facts.tsx";
import { Page } from "../controls/page.tsx";
import { read } from "../data/api.ts";
import { useTeam } from "../data/use-session.ts";
import { formatCount, formatDuration, formatShare } from "../format/format.ts";

/** The page. */
export function HomePage(): ReactNode {
  const { data } = useSuspenseQuery(read("runs.home", { team: useTeam() }));
  const sum = (of: "hits" | "ran" | "savedMs" | "workedMs"): number =>
    data.days.reduce((total, day) => total + day[of], 0);
  const total = sum("hits") + sum("ran");
  return (
    <Page title="Home" facts="last 7 days" command="runs ls">
      <Facts
        facts={[
          ["Worked", formatDuration(sum("workedMs"))],
          ["Saved", formatDuration(sum("savedMs"))],
          ["Remembered", total === 0 ? "–" : formatShare(sum("hits") / total)],
          ["Under way", formatCount(data.activeCount)],
          ["Failed", formatCount(data.days.reduce((count, { failed }) => count + failed, 0))],
        ]}
      />
    </Page>
  );
}
