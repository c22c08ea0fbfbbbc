// Asks Taplo's language server, the one behind Even Better TOML, to complete, explain and check a recipe with
// docs/recipe.schema.json. By hand, in an empty directory:
//
//   npm install @taplo/lsp && cp …/tests/editor/completion.mjs . && node completion.mjs …/docs/recipe.schema.json
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import taplo from "@taplo/lsp";

const schema = pathToFileURL(process.argv[2]).href;
const recipe = `#:schema ${schema}
ichflow = 1

[load]
use = "phantom"
pat

[split]
use = "multilabel-stratified"
group_by = "patients"
`;
const uri = "file:///recipe.toml";
const bytes = (path) => new Uint8Array(readFileSync(path.replace("file://", "")));
const environment = {
  now: () => new Date(),
  envVar: () => "",
  envVars: () => [],
  stdErrAtty: () => false,
  stdin: async () => new Uint8Array(),
  stdout: async (b) => b.length,
  stderr: async (b) => b.length,
  glob: () => [],
  readFile: async (path) => bytes(path),
  writeFile: async () => {},
  urlToFilePath: (url) => decodeURIComponent(url.replace("file://", "")),
  isAbsolute: (path) => path.startsWith("/"),
  cwd: () => "/",
  findConfigFile: () => undefined,
  fetch: { fetch, Headers, Request, Response },
};

const waiting = new Map();
const diagnostics = [];
const server = await taplo.TaploLsp.initialize(environment, {
  onMessage(message) {
    if (message.method === "textDocument/publishDiagnostics") diagnostics.push(...message.params.diagnostics);
    if (message.method === "workspace/configuration") {
      const settings = { schema: { enabled: true, associations: {}, catalogs: [] }, formatter: {}, rules: [] };
      server.send({ jsonrpc: "2.0", id: message.id, result: message.params.items.map(() => settings) });
    }
    if (message.id !== undefined && waiting.has(message.id)) waiting.get(message.id)(message);
  },
});
let id = 0;
function ask(method, params) {
  id += 1;
  server.send({ jsonrpc: "2.0", id, method, params });
  return new Promise((resolve) => waiting.set(id, resolve));
}
const tell = (method, params) => server.send({ jsonrpc: "2.0", method, params });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

await ask("initialize", {
  capabilities: { workspace: { configuration: true }, textDocument: { completion: { completionItem: { snippetSupport: false } } } },
  rootUri: "file:///",
  workspaceFolders: [{ uri: "file:///", name: "recipes" }],
});
tell("initialized", {});
await pause(500);
tell("textDocument/didOpen", { textDocument: { uri, languageId: "toml", version: 1, text: recipe } });
await pause(2000);
const at = (line, character) => ({ textDocument: { uri }, position: { line, character } });
const complete = async (line, character) => {
  const answer = await ask("textDocument/completion", at(line, character));
  const items = answer.result?.items ?? answer.result ?? [];
  return items.map((item) => item.label);
};
console.log("keys of [load]:", await complete(5, 3));
console.log("values of split.group_by:", await complete(9, 14));
const uses = await complete(8, 9);
console.log("values of use:", uses.length, uses.slice(0, 5));
const hover = await ask("textDocument/hover", at(9, 3));
console.log("hover on group_by:", JSON.stringify(hover.result?.contents?.value ?? hover));
console.log("problems:", diagnostics.map((d) => `${d.range.start.line + 1}: ${d.message.slice(0, 90)}`));
process.exit(0);
