// Builds the pages: no inline code, names by content, and nothing that the content security policy refuses.

import react from "@vitejs/plugin-react";
import { defaultClientConditions, defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  resolve: { conditions: ["source", ...defaultClientConditions] },
  // For `vite` while working on pages: the API of a `memodag dev` that runs beside it.
  server: { proxy: { "/api": "http://127.0.0.1:8470" } },
  build: {
    outDir: "dist/pages",
    emptyOutDir: true,
    target: "es2024",
    // Files in place of data: URLs, which scripts and workers must not have.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    license: { fileName: "assets/licences.md" },
    rolldownOptions: {
      output: {
        hashCharacters: "hex",
        codeSplitting: {
          groups: [
            { name: "react", test: /node_modules\/(?:react|react-dom|scheduler)\//, priority: 2 },
            { name: "router", test: /node_modules\/@tanstack\//, priority: 1 },
          ],
        },
      },
    },
  },
  worker: { format: "es" },
});
