// Answers a request: a button for each option or, where several may be chosen, a choice and one button.

import { useState, type ReactNode } from "react";
import { ToggleButton } from "react-aria-components/ToggleButton";
import { Button } from "../controls/button.tsx";
import chips from "../controls/chips.module.css";
import { Problem } from "../controls/problem.tsx";
import { Select } from "../controls/select.tsx";
import { TextField } from "../controls/text-field.tsx";
import type { InputOf, OutputOf } from "../data/api.ts";
import { useAct } from "../data/use-act.ts";
import styles from "./approval-page.module.css";
import { fieldKindOf, parseTyped, toTyped } from "./form-values.ts";

type Request = OutputOf<"approvals.show">["request"];

/** The form. @param digest of what is shown: the answer is for nothing else */
export function AnswerForm({
  instance,
  request,
  digest,
}: {
  readonly instance: Omit<InputOf<"approvals.answer">, "options" | "params" | "digest">;
  readonly request: Request;
  readonly digest: string;
}): ReactNode {
  const answer = useAct("approvals.answer");
  const fields = Object.entries(request.params).map(([name, { value, description, schema }]) => {
    const kind = fieldKindOf(value, schema);
    return { name, kind, description, initial: toTyped(kind, value) };
  });
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({});
  const [chosen, setChosen] = useState<readonly string[]>(request.defaults ?? []);
  const parsed = fields.map((field) => ({
    ...field,
    ...parseTyped(field.kind, typed[field.name] ?? field.initial),
  }));
  const isWrong = parsed.some(({ ok }) => !ok);
  const send = (options: readonly string[]): void =>
    answer.mutate({
      ...instance,
      options,
      digest,
      // Fields that no one touched keep their values, which may be hidden here.
      params: Object.fromEntries(
        parsed.flatMap((field) => (field.ok && field.name in typed ? [[field.name, field.value]] : [])),
      ) as NonNullable<InputOf<"approvals.answer">["params"]>,
    });
  const change = (name: string, text: string): void => setTyped((before) => ({ ...before, [name]: text }));
  return (
    <div className={styles.form}>
      {parsed.map(({ name, kind, description, initial, ...field }) =>
        kind === "boolean" ? (
          <Select
            key={name}
            label={name}
            options={["true", "false"].map((id) => ({ id, text: id }))}
            value={typed[name] ?? initial}
            onChange={(text) => change(name, text)}
          />
        ) : (
          <TextField
            key={name}
            label={name}
            rows={kind === "json" ? 3 : 1}
            isMono={kind === "json"}
            hint={description ?? undefined}
            value={typed[name] ?? initial}
            onChange={(text) => change(name, text)}
            fault={field.ok ? undefined : field.fault}
          />
        ),
      )}
      <div className={styles.options} role="group" aria-label="Options">
        {request.options.map((option) =>
          request.multiple ? (
            <ToggleButton
              key={option}
              className={chips.chip ?? ""}
              isSelected={chosen.includes(option)}
              onChange={(isOn) =>
                setChosen((before) =>
                  isOn ? [...before, option] : before.filter((other) => other !== option),
                )
              }
            >
              {option}
            </ToggleButton>
          ) : (
            <Button
              key={option}
              look={request.defaults?.includes(option) ? "primary" : "plain"}
              isDisabled={isWrong || answer.isPending}
              onPress={() => send([option])}
            >
              {option}
            </Button>
          ),
        )}
      </div>
      {request.multiple && (
        <Button look="primary" isDisabled={isWrong || answer.isPending} onPress={() => send(chosen)}>
          Answer
        </Button>
      )}
      {answer.isError && <Problem error={answer.error} />}
    </div>
  );
}
