import { compileTakeLines } from "#infra/web-assembly.ts";

/* `node --import` runs this before a bench, because the first pass reads its WebAssembly when it loads. Bundling puts it there otherwise. */
Object.assign(globalThis, { TAKE_LINES_WASM: compileTakeLines() });
