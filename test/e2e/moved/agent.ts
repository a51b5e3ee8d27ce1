// A program that drafts, asks a person, and goes on with what they filled in, as Airflow's TypeScript SDK has
// it for agents, but for the import lines.

import { Bundle, Dag } from "memodag";
import { hitl } from "memodag/hitl";
import type { HITLResult } from "memodag/hitl";

interface Call {
  id: string;
  tool: string;
  input: { order: string; amount: number };
}

type Message =
  | { role: "user"; content: string }
  | { role: "assistant"; content: Call[] }
  | { role: "tool"; content: { id: string; approved: boolean }[] };

interface Step {
  messages: Message[];
  pending: Call[];
}

const DRAFTED = 120;

const dag = new Dag("agent", { queue: "typescript", tags: ["hitl", "ai"] });

const drafted = dag.task("draft", async (): Promise<Step> => {
  const call: Call = { id: "1", tool: "refund", input: { order: "o-7", amount: DRAFTED } };
  return {
    messages: [
      { role: "user", content: "Refund order o-7." },
      { role: "assistant", content: [call] },
    ],
    pending: [call],
  };
})();

const review = dag.task(
  "review",
  hitl({
    subject: ({ step }: { step: Step }) => `Call ${step.pending[0]!.tool}?`,
    body: ({ step }: { step: Step }) => "```json\n" + JSON.stringify(step.pending[0]!.input) + "\n```",
    options: ["Approve", "Reject"],
    params: { amount: { value: DRAFTED, description: "Amount", schema: { type: "number" } } },
  }),
)({ step: drafted });

dag.task("resume", async ({ step, decision }: { step: Step; decision: HITLResult }) => {
  const approved = decision.chosen_options[0] === "Approve";
  const edited = decision.params_input["amount"];
  const amount = typeof edited === "number" ? edited : step.pending[0]!.input.amount;
  const messages: Message[] = [
    ...step.messages,
    { role: "tool", content: [{ id: step.pending[0]!.id, approved }] },
  ];
  return { said: messages.length, amount: approved ? amount : null };
})({ step: drafted, decision: review });

await new Bundle(dag).serve();
