import { request } from "undici";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Simulator, startSimulator } from "#local/simulator/simulator.ts";

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSimulator({ clients: [] });
});
afterEach(() => simulator.close());

const readMetadata = () => request(new URL("integra/fhir/r4/metadata", simulator.baseUrl));

it("holds the requests to one endpoint after the first ones, until the hold is released", async () => {
  const hold = simulator.holdRequests("metadata", 1);
  const first = await readMetadata();
  const others = [readMetadata(), readMetadata()];
  await hold.waiting(2);
  expect(simulator.log.map(({ status }) => status)).toEqual([first.statusCode, null, null]);
  await request(new URL("integra/elsewhere", simulator.baseUrl));
  hold.release();
  const answers = await Promise.all([...others, readMetadata()]);
  expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array(3).fill(first.statusCode));
});

it("refuses a second hold of an endpoint", () => {
  const hold = simulator.holdRequests("status");
  expect(() => simulator.holdRequests("status")).toThrow("held already");
  hold.release();
  simulator.holdRequests("status").release();
});
