import { compileTakeLines } from "#infra/web-assembly.ts";

/* Import this first: the module that uses the WebAssembly reads it when it loads. Bundling puts it there otherwise. */
Object.assign(globalThis, { TAKE_LINES_WASM: compileTakeLines() });
