// The dialog that triggers a run: params by their schemas, conf, a logical date, and how the cache is used.

import type { CacheMode, JsonObject } from "@memodag/core";
import { useNavigate } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { Button } from "../../controls/button.tsx";
import { Dialog } from "../../controls/dialog.tsx";
import { Problem } from "../../controls/problem.tsx";
import { Select } from "../../controls/select.tsx";
import { TextField } from "../../controls/text-field.tsx";
import type { OutputOf } from "../../data/api.ts";
import { useAct } from "../../data/use-act.ts";
import { paramFields, readField, readJson, type ParamField } from "./param-fields.ts";
import styles from "./trigger-dialog.module.css";

const MODES: readonly { readonly id: CacheMode; readonly text: string; readonly means: string }[] = [
  { id: "use", text: "use", means: "Tasks whose results are known do not run." },
  { id: "refresh", text: "refresh", means: "All tasks run, and their results are stored." },
  { id: "off", text: "off", means: "All tasks run, and nothing is stored." },
];

/** The dialog, which is open. */
export function TriggerDialog({
  dag,
  onClose,
}: {
  readonly dag: OutputOf<"dags.show">;
  readonly onClose: () => void;
}): ReactNode {
  const { team, dagId } = dag;
  const fields = paramFields(dag.params, dag.paramSchemas);
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({});
  const [conf, setConf] = useState("");
  const [logicalDate, setLogicalDate] = useState("");
  const [cacheMode, setCacheMode] = useState<CacheMode>("use");
  const navigate = useNavigate();
  const trigger = useAct("dags.trigger");
  const read = fields.map((field) => [field, readField(field, texts[field.name] ?? field.initial)] as const);
  const confRead = conf.trim() === "" ? undefined : readJson(conf);
  const hasFault = read.some(([, value]) => value.kind === "fault") || confRead?.kind === "fault";
  const submit = (): void => {
    const params = Object.fromEntries(
      read.flatMap(([{ name }, value]) => (value.kind === "value" ? [[name, value.value]] : [])),
    );
    trigger.mutate(
      {
        team,
        dagId,
        params,
        cacheMode,
        ...(confRead?.kind === "value" && { conf: confRead.value as JsonObject }),
        ...(logicalDate.trim() !== "" && { logicalDate: logicalDate.trim() }),
      },
      {
        onSuccess: ({ runId }) => {
          onClose();
          void navigate({ to: "/teams/$team/dags/$dagId/runs/$runId", params: { team, dagId, runId } });
        },
      },
    );
  };
  return (
    <Dialog
      title={`Trigger ${dagId}`}
      isOpen
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>Cancel</Button>
          <Button look="primary" onPress={submit} isDisabled={hasFault || trigger.isPending}>
            Trigger
          </Button>
        </>
      }
    >
      {fields.length > 0 && (
        <section className={styles.section}>
          <h2>Params</h2>
          {read.map(([field, value]) => (
            <Field
              key={field.name}
              field={field}
              text={texts[field.name] ?? field.initial}
              fault={value.kind === "fault" ? value.fault : undefined}
              onChange={(text) => setTexts((old) => ({ ...old, [field.name]: text }))}
            />
          ))}
        </section>
      )}
      <section className={styles.section}>
        <h2>Run</h2>
        <Select
          label="Cache"
          value={cacheMode}
          options={MODES}
          onChange={(id) => setCacheMode(id as CacheMode)}
        />
        <p className={styles.means}>{MODES.find(({ id }) => id === cacheMode)?.means}</p>
        <TextField
          label="Logical date"
          hint="ISO 8601, such as 2026-11-03T06:00Z; empty: none"
          value={logicalDate}
          onChange={setLogicalDate}
        />
        <TextField
          label="Conf"
          hint="JSON; empty: none"
          rows={3}
          isMono
          value={conf}
          onChange={setConf}
          fault={confRead?.kind === "fault" ? confRead.fault : undefined}
        />
      </section>
      {trigger.error && <Problem error={trigger.error} />}
    </Dialog>
  );
}

function Field({
  field: { name, kind, hint, options },
  text,
  fault,
  onChange,
}: {
  readonly field: ParamField;
  readonly text: string;
  readonly fault: string | undefined;
  readonly onChange: (text: string) => void;
}): ReactNode {
  if (kind === "choice" || kind === "boolean")
    return (
      <Select
        label={name}
        value={text}
        onChange={onChange}
        options={options.map((id) => ({ id, text: id.replace(/^"(.*)"$/, "$1") }))}
      />
    );
  return (
    <TextField
      label={name}
      hint={hint}
      value={text}
      onChange={onChange}
      fault={fault}
      rows={kind === "json" ? 3 : 1}
      isMono={kind === "json"}
    />
  );
}
