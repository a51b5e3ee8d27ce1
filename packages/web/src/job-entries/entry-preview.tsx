// A preview of an entry of a job cache. A task chose its bytes: they are shown as an image or as text, and never run.

import { API_PREFIX } from "@memodag/api-contract/routes";
import { MemodagApiError } from "@memodag/client";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Problem } from "../controls/problem.tsx";
import type { OutputOf } from "../data/api.ts";
import { formatBytes } from "../format/format.ts";
import styles from "./job-entries-page.module.css";
import { previewOf, type Preview } from "./preview.ts";

type JobEntry = OutputOf<"entries.list">[number];

interface Run {
  readonly team: string;
  readonly dagId: string;
  readonly runId: string;
}

/** The preview. */
export function EntryPreview({ run, entry }: { readonly run: Run; readonly entry: JobEntry }): ReactNode {
  const address = addressOf(run, entry);
  const { data, error } = useQuery({
    queryKey: ["preview", address, entry.digest],
    queryFn: ({ signal }) => load(address, entry, signal),
    staleTime: Infinity,
  });
  return (
    <section className={styles.preview} aria-labelledby="preview">
      <h2 id="preview">{entry.key}</h2>
      {error && <Problem error={error} />}
      {data && <Shown preview={data} address={address} name={entry.key} />}
      <p className={styles.note}>
        {formatBytes(entry.sizeBytes)}
        {data && "isCut" in data && data.isCut && ", of which the beginning is shown"}.{" "}
        <a href={address.replace(/\/preview(?=\?|$)/, "/content")} download={entry.key.split("/").at(-1)}>
          Download
        </a>
      </p>
    </section>
  );
}

function addressOf({ team, dagId, runId }: Run, { key, cache }: JobEntry): string {
  const [ofTeam, ofDag, ofRun, ofKey] = [team, dagId, runId, key].map(encodeURIComponent);
  const query = cache === "" ? "" : `?${new URLSearchParams({ cache })}`;
  return `${API_PREFIX}/teams/${ofTeam}/dags/${ofDag}/runs/${ofRun}/entries/${ofKey}/preview${query}`;
}

async function load(address: string, { key, sizeBytes }: JobEntry, signal: AbortSignal): Promise<Preview> {
  const answer = await fetch(address, { signal });
  const type = answer.headers.get("content-type") ?? "";
  if (!answer.ok)
    throw new MemodagApiError({
      ...((await answer.json()) as ConstructorParameters<typeof MemodagApiError>[0]),
      status: answer.status,
    });
  if (type.startsWith("image/")) {
    // The image element asks for it by itself.
    await answer.body?.cancel();
    return { kind: "image" };
  }
  return previewOf(type, key, await answer.bytes(), sizeBytes);
}

function Shown({
  preview,
  address,
  name,
}: {
  readonly preview: Preview;
  readonly address: string;
  readonly name: string;
}): ReactNode {
  switch (preview.kind) {
    case "image":
      return <img src={address} alt={`Entry ${name}`} />;
    case "text":
      return (
        <pre className={styles.text} tabIndex={0}>
          {preview.text}
        </pre>
      );
    case "bytes":
      return (
        <pre className={styles.text} tabIndex={0}>
          {preview.lines.join("\n")}
        </pre>
      );
    case "table":
      return (
        <div className={styles.table} tabIndex={0} role="region" aria-label={`Table ${name}`}>
          <table>
            <thead>
              <tr>
                {preview.head.map((cell, index) => (
                  <th key={index} scope="col">
                    {cell}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {preview.rows.map((row, index) => (
                <tr key={index}>
                  {preview.head.map((_, column) => (
                    <td key={column}>{row[column] ?? ""}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
  }
}
