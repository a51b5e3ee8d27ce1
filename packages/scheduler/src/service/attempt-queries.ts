// What running attempts are told when they ask, from the stores and the config that this scheduler has.

import type { Attempt, AttemptQueries, RunStore, ValueReader, XComAddress } from "@memodag/core";

/** A variable of the admin's; without a team it is every team's. */
export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly team?: string | undefined;
}

/** Where answers come from. */
export interface AttemptAnswerParts {
  readonly runs: Pick<RunStore, "findRun" | "listXComs" | "readXComBytes">;
  readonly variables: readonly Variable[];
  /** Whose `MEMODAG_VAR_NAME` goes before the variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

const ENV_PREFIX = "MEMODAG_VAR_";

/** Answers attempts; each hears of its own team and run alone. */
export function answerAttempts({ runs, variables, env }: AttemptAnswerParts): AttemptQueries {
  return {
    findXCom: (attempt, address) => findXCom(runs, attempt, address),
    async findVariable({ team }, name) {
      const named = variables.filter((variable) => variable.name === name);
      const own = named.find((variable) => variable.team === team);
      const common = named.find((variable) => variable.team === undefined);
      return env[ENV_PREFIX + name.toUpperCase()] ?? (own ?? common)?.value;
    },
  };
}

/** Reads the values that attempts refer to where XComs are. */
export function xcomValues(runs: Pick<RunStore, "readXComBytes">): ValueReader {
  return {
    read: async (team, refs) =>
      await runs.readXComBytes(
        team,
        Array.from(refs, ({ digest }) => digest),
      ),
  };
}

async function findXCom(
  runs: AttemptAnswerParts["runs"],
  { team, dagId, runId }: Attempt,
  { taskId, mapIndex, key }: XComAddress,
): Promise<Uint8Array | undefined> {
  const run = await runs.findRun(team, dagId, runId);
  const xcoms = run ? await runs.listXComs(team, run.id, { taskId, mapIndex }) : [];
  const found = xcoms.find((xcom) => xcom.key === key);
  return found && (await runs.readXComBytes(team, [found.digest])).get(found.digest);
}
