import * as z from "zod";
import * as exports from "#bulk-export/language/export-state.ts";
import * as ccds from "#ccd-retrieval/language/ccd-state.ts";
import { caughtFailure, explanation } from "#platform/executions/explained-failure.ts";

/** The schemas of a machine's state by name: the results of its steps, and what Amazon States Language adds. */
export const machineStates: Record<string, Record<string, z.ZodObject>> = {
  "bulk-export.asl.json": {
    export: exports.exportContext,
    lease: exports.leaseResult,
    kickOff: exports.kickOffResult,
    poll: exports.pollResult,
    plan: exports.planResult,
    item: exports.workItem,
    download: exports.downloadResult,
    completion: exports.completion,
    deletion: exports.deletion,
    // Catch writes it if the lease could not be released.
    release: caughtFailure,
    fresh: exports.freshExport,
    failure: caughtFailure,
    failed: explanation,
    // Catch writes it if the failure could not be published.
    untold: caughtFailure,
  },
  "ccd-retrieval.asl.json": {
    request: ccds.ccdContext,
    lease: ccds.sessionLease,
    order: ccds.serverRequestResult,
    fetch: ccds.fetchResult,
    release: caughtFailure,
    failure: caughtFailure,
    failed: explanation,
    untold: caughtFailure,
  },
};

/** What the function behind each state is given. */
export const stepInputs: Record<string, Record<string, z.ZodType>> = {
  "bulk-export.asl.json": {
    "Validate request": z.object({ export: exports.unvalidatedExport }),
    "Take lease": exports.leaseInput,
    "Adopt result": exports.adoptInput,
    "Kick off export": exports.kickOffInput,
    "Poll export": exports.pollInput,
    "Start afresh": exports.freshInput,
    "Plan downloads": exports.planInput,
    "Download file": exports.downloadInput,
    "Complete export": exports.completeInput,
    "Delete job": exports.deleteJobInput,
    "Announce completion": exports.announceInput,
    "Fail export": exports.failInput,
  },
  "ccd-retrieval.asl.json": {
    "Open ccd request": ccds.openCcdRequestInput,
    "Take session lease": ccds.takeSessionLeaseInput,
    "Request ccds": ccds.requestCcdsInput,
    "Fetch ccds": ccds.fetchCcdsInput,
    "Announce ccds": ccds.announceCcdsInput,
    "Fail ccds": ccds.failCcdsInput,
  },
};
