// One Dag for each way of asking a person, written for Airflow's TypeScript SDK but for the import lines.

import { Bundle, Dag } from "memodag";
import { approval, hitl } from "memodag/hitl";
import type { HITLResult } from "memodag/hitl";

const QUEUE = "typescript";

interface Draft {
  title: string;
  pages: number[];
}

const letter = new Dag("letter", { queue: QUEUE, tags: ["hitl"] });
const written = letter.task("write", async (): Promise<Draft> => ({ title: "Spring", pages: [1, 2] }))();
const read = letter.task(
  "read",
  approval({
    subject: ({ draft }: { draft: Draft }) => `Send "${draft.title}"?`,
    body: ({ draft }: { draft: Draft }) => ["Pages:", ...draft.pages.map((page) => `- ${page}`)].join("\n"),
  }),
)({ draft: written });
read.before(letter.task("send", async () => "sent")());

const shops = new Dag("shops", { queue: QUEUE });
const chosen = shops.task(
  "choose",
  hitl({ subject: "Which shops?", options: ["paris", "lyon", "nice"], multiple: true }),
)();
shops.task("open", async ({ choice }: { choice: HITLResult }) => ({
  opened: choice.chosen_options,
  by: choice.responded_by_user?.name ?? "no one",
}))({ choice: chosen });

const nightly = new Dag("nightly", { queue: QUEUE });
const silent = nightly.task(
  "ask",
  approval({ subject: "Load tonight?", defaults: "Approve", responseTimeout: 1 }),
)();
silent.before(nightly.task("load", async () => "loaded")());

const strict = new Dag("strict", { queue: QUEUE });
const gate = strict.task("gate", approval({ subject: "Go on?", failOnReject: true }))();
gate.before(strict.task("after", async () => "ran")());

const assigned = new Dag("assigned", { queue: QUEUE });
assigned.task(
  "pay",
  approval({ subject: "Pay the wages?", assignedUsers: [{ id: "treasurer", name: "Treasurer" }] }),
)();

const form = new Dag("form", { queue: QUEUE });
const sized = form.task(
  "size",
  hitl({
    subject: "How many?",
    options: ["Approve", "Reject"],
    params: {
      copies: {
        value: 3,
        description: "Copies to print",
        schema: { type: "integer", minimum: 1, maximum: 10 },
      },
      note: { value: "", description: "Why", schema: { type: "string", maxLength: 20 } },
    },
  }),
)();
form.task("print", async ({ answer }: { answer: HITLResult }) => ({
  choice: answer.chosen_options[0],
  copies: answer.params_input["copies"],
}))({ answer: sized });

await new Bundle(letter, shops, nightly, strict, assigned, form).serve();
