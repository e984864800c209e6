import solid from "vite-plugin-solid";
import { defineConfig } from "vitest/config";
import { licences } from "./licences.ts";

const server = process.env.TOWNBELL_URL ?? "http://127.0.0.1:8080";
const serverPaths = ["/api", "/tiles", "/v1.1", "/health", "/metrics"];

export default defineConfig({
  plugins: [solid(), licences()],
  build: {
    target: "es2022",
    sourcemap: false,
    // Inlined assets would be data: URLs, which the content security policy allows for images only.
    assetsInlineLimit: 0,
    // MapLibre alone is larger than the default warning; it is loaded by the pages that have a map.
    chunkSizeWarningLimit: 1200,
    // The polyfill is an inline script in old browsers' place; every browser we support preloads modules.
    modulePreload: { polyfill: false },
  },
  // Unit tests are of pure functions: no browser is imitated. tests/pages runs a real one.
  test: { environment: "node", include: ["tests/**/*.test.ts"] },
  server: { proxy: Object.fromEntries(serverPaths.map((path) => [path, server])) },
});
