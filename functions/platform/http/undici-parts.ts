// infra/ has a tsconfig of its own, and comes here by imports only. So it would not find the types of these files.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./undici-files.d.ts" />

/*
 * The parts of undici that the bridge uses, each from its own file. The package's entry loads all of undici: fetch, WebSocket,
 * caches, cookies and mocks. A function would read and run them at each cold start
 * (docs/adr/0030-what-a-cold-start-loads.md). The paths are undici's own: its entry imports the same files. A test compares
 * each part with the entry's export.
 */

export { default as request } from "undici/lib/api/api-request.js";
export { default as buildConnector } from "undici/lib/core/connect.js";
export { default as Agent } from "undici/lib/dispatcher/agent.js";
export { default as Pool } from "undici/lib/dispatcher/pool.js";
