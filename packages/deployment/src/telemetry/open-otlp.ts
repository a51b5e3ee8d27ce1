// Loads the package that exports over OTLP, and opens an export: nothing of the OpenTelemetry SDK is installed with memodag.

import type { LoadedConfig } from "@memodag/config";
import { importModule, messageOf } from "@memodag/core";
import type { OtlpExport, OtlpModule, OtlpOptions } from "@memodag/telemetry";
import { resolveFrom } from "../stores/resolve-from.ts";

const PACKAGE = "@memodag/opentelemetry";

/** Opens an export. Undefined, with a warning, if that cannot be: runs go on without. */
export async function tryOpenOtlp(
  { projectDir }: LoadedConfig,
  options: OtlpOptions,
): Promise<OtlpExport | undefined> {
  let module: OtlpModule;
  try {
    // It may be installed beside a memodag that is not the project's, such as a global one.
    const url = await resolveFrom(projectDir, PACKAGE).catch(() => resolveFrom(import.meta.dirname, PACKAGE));
    module = (await importModule(url)) as OtlpModule;
  } catch (error) {
    options.log.warn(
      `[telemetry] asks for OTLP, and the package ${PACKAGE} cannot be loaded, so nothing is exported over it: install it with \`npm install ${PACKAGE}\``,
      { error: messageOf(error) },
    );
    return undefined;
  }
  try {
    return module.openOtlp(options);
  } catch (error) {
    options.log.warn("nothing is exported over OTLP: check the variables OTEL_EXPORTER_OTLP_*", {
      error: messageOf(error),
    });
    return undefined;
  }
}
