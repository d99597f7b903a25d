import { readdir, readFile } from "node:fs/promises";

/** The usage of all processes of one kind: a Lambda function has as many as its calls ran at once. */
export interface ProcessUsage {
  /** The folder of a Lambda worker's function, or "local AWS", or "simulator and this script". */
  name: string;
  processes: number;
  /** The largest resident set of one process. */
  peakBytes: number;
  /** User and system time of all processes together, since the watch began. */
  cpuSeconds: number;
  /** The memory that the function gets on AWS; the local AWS does not enforce it. Undefined for other processes. */
  limitBytes: number | undefined;
}

type Kind = Pick<ProcessUsage, "name" | "limitBytes">;

interface Process extends Pick<ProcessUsage, "peakBytes" | "cpuSeconds"> {
  pid: string;
}

const sampleMs = 1_000;
/** The kernel's unit of CPU time in /proc, USER_HZ. */
const ticksPerSecond = 100;

/**
 * Watches this process and its children: the local AWS and its Lambda workers. The kernel keeps each peak and each sum, so
 * one look near the end of a process is enough. `stop` returns the kinds, the largest first. The list is empty on a system
 * without /proc. `stop` may be called again.
 */
export async function watchProcesses(): Promise<{ stop: () => Promise<ProcessUsage[]> }> {
  const before = new Map((await processesBelow(String(process.pid))).map(({ pid, cpuSeconds }) => [pid, cpuSeconds]));
  const seen = new Map<string, Process & Kind>();
  const sample = async (): Promise<void> => {
    for (const one of await processesBelow(String(process.pid))) {
      const kind = seen.get(one.pid) ?? (await kindOf(one.pid));
      seen.set(one.pid, { ...kind, ...one, cpuSeconds: one.cpuSeconds - (before.get(one.pid) ?? 0) });
    }
  };
  let sampling = Promise.resolve();
  const next = (): void => {
    sampling = sampling.then(sample);
  };
  const timer = setInterval(next, sampleMs);
  return {
    stop: async () => {
      clearInterval(timer);
      next();
      await sampling;
      return usageByKind([...seen.values()]);
    },
  };
}

function usageByKind(processes: readonly (Process & Kind)[]): ProcessUsage[] {
  const usages = new Map<string, ProcessUsage>();
  for (const { name, limitBytes, peakBytes, cpuSeconds } of processes) {
    const others = usages.get(name) ?? { processes: 0, peakBytes: 0, cpuSeconds: 0 };
    usages.set(name, {
      name,
      limitBytes,
      processes: others.processes + 1,
      peakBytes: Math.max(others.peakBytes, peakBytes),
      cpuSeconds: others.cpuSeconds + cpuSeconds,
    });
  }
  return [...usages.values()].toSorted((a, b) => b.peakBytes - a.peakBytes);
}

async function processesBelow(root: string): Promise<Process[]> {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const all = (await Promise.all(pids.map(readParent))).filter((one) => one !== undefined);
  const below = new Set([root]);
  for (let size = 0; size < below.size; ) {
    size = below.size;
    for (const { pid, parent } of all) if (below.has(parent)) below.add(pid);
  }
  const ours = all.filter(({ pid }) => below.has(pid));
  return (await Promise.all(ours.map(readPeak))).filter((one) => one !== undefined);
}

type Parent = Pick<Process, "pid" | "cpuSeconds"> & { parent: string };

/** Of all processes of the machine only this one file is read each time. Undefined if the process has ended. */
async function readParent(pid: string): Promise<Parent | undefined> {
  // The process's name, in parentheses, may have blanks. The parent is the 4th field, and user and system time are the 14th and 15th (proc(5)).
  const fields = (await readOfProcess(pid, "stat")).replace(/^.*\) /s, "").split(" ");
  const parent = fields[1];
  if (parent === undefined) return undefined;
  const ticks = Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  return { pid, parent, cpuSeconds: ticks / ticksPerSecond };
}

/** Undefined if the process has ended. */
async function readPeak({ pid, cpuSeconds }: Parent): Promise<Process | undefined> {
  const peak = /^VmHWM:\s*(\d+)/m.exec(await readOfProcess(pid, "status"))?.[1];
  return peak === undefined ? undefined : { pid, cpuSeconds, peakBytes: Number(peak) * 1024 };
}

async function kindOf(pid: string): Promise<Kind> {
  if (pid === String(process.pid)) return { name: "simulator and this script", limitBytes: undefined };
  const variables = new Map((await readOfProcess(pid, "environ")).split("\0").map(nameAndValue));
  const memory = variables.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE");
  if (memory === undefined) return { name: "local AWS", limitBytes: undefined };
  return { name: variables.get("POWERTOOLS_SERVICE_NAME") ?? "Lambda", limitBytes: Number(memory) * 1024 ** 2 };
}

function nameAndValue(line: string): [name: string, value: string] {
  const [name = "", ...value] = line.split("=");
  return [name, value.join("=")];
}

/** Empty if the process has ended in the meantime. */
const readOfProcess = (pid: string, file: string): Promise<string> =>
  readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
