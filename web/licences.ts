import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";

/** Packages whose files reach the browser without passing through the bundler's module list. */
const COPIED = ["@fontsource-variable/inter"];
const LICENCE_FILES = ["LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "license", "COPYING"];

function packageOf(moduleId: string): string | undefined {
  return moduleId.match(/.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1];
}

function licenceText(root: string, name: string): string {
  const folder = join(root, "node_modules", name);
  const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = LICENCE_FILES.map((candidate) => join(folder, candidate)).find((path) => existsSync(path));
  const text = file ? readFileSync(file, "utf8").trim() : `Licence: ${about.license}`;
  return `${name} ${about.version} (${about.license})\n\n${text}\n`;
}

/**
 * Writes `licences.txt` into the build: the licence of every package whose code or font is in it.
 * All of them ask for that, and a list kept by hand would go stale.
 */
export function licences(): Plugin {
  return {
    name: "townbell-licences",
    apply: "build",
    generateBundle(_options, bundle) {
      const names = new Set(COPIED);
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk") continue;
        for (const id of chunk.moduleIds) {
          const name = packageOf(id);
          if (name) names.add(name);
        }
      }
      const root = dirname(new URL(import.meta.url).pathname);
      const line = `\n${"-".repeat(80)}\n\n`;
      const source = [...names].sort().map((name) => licenceText(root, name));
      this.emitFile({ type: "asset", fileName: "licences.txt", source: source.join(line) });
    },
  };
}
