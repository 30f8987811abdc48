import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Plugin, defineConfig } from "vite";

export default defineConfig({
  base: "./",
  build: {
    outDir: "../assets/app",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: { entryFileNames: "[name].js", chunkFileNames: "[name].js", assetFileNames: "[name][extname]" },
    },
  },
  server: { proxy: { "/notes": "http://127.0.0.1:3000" } },
  plugins: [serviceWorker()],
});

/** Writes the service worker, which names all other files and their hash: a new version takes all of them anew. */
function serviceWorker(): Plugin {
  const unnamed = readFileSync(new URL("src/service-worker.js", import.meta.url), "utf8");
  const files = ["icon.svg", "manifest.webmanifest"];
  return {
    name: "service-worker",
    apply: "build",
    // After the page, which is written last.
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const hash = createHash("sha256").update(unnamed);
        for (const file of files) hash.update(readFileSync(new URL(`public/${file}`, import.meta.url)));
        for (const output of Object.values(bundle)) {
          hash.update(output.fileName).update("code" in output ? output.code : output.source);
        }
        const shell = [...Object.keys(bundle), ...files].sort().map((file) => (file === "index.html" ? "./" : file));
        const source = unnamed
          .replace('"VERSION"', JSON.stringify(hash.digest("hex").slice(0, 16)))
          .replace('["SHELL"]', JSON.stringify(shell));
        this.emitFile({ type: "asset", fileName: "sw.js", source });
      },
    },
  };
}
