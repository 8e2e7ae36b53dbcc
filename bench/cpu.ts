import { readdirSync, readFileSync } from 'node:fs'

/** Ticks of the times in /proc/<pid>/stat. Linux has promised this number to programs for ever. */
const ticksPerSecond = 100

/** Microseconds of processor time, user and system, by name of the process. */
export type CpuTimes = Record<string, number>

export type CpuMeter = {
  read(): CpuTimes
  /** What was used since that reading. */
  since(earlier: CpuTimes): CpuTimes
}

/**
 * Measures the processor time of processes with all their threads and descendants, those that have ended too.
 *
 * @throws Error where the system has no /proc: there is no other way to read another process to the microsecond.
 */
export function openCpuMeter(pids: Record<string, number>): CpuMeter {
  if (process.platform !== 'linux') throw new Error('The benchmark needs Linux: it reads /proc.')
  const read = () => {
    const parents = readParents()
    return Object.fromEntries(
      Object.entries(pids).map(([name, pid]) => [name, cpuOfTree(pid, parents)]),
    )
  }
  return {
    read,
    since(earlier) {
      const times = Object.entries(read())
      return Object.fromEntries(times.map(([name, time]) => [name, time - (earlier[name] ?? 0)]))
    },
  }
}

/** The time of all processors since the start of the system, in ticks: what was worked, and what the host kept back. */
export type HostTimes = { worked: number; stolen: number }

export function readHostTimes(): HostTimes {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, stolen = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return { worked: user + nice + system + irq + softirq, stolen }
}

/** Of the time in which there was work since then, the share that the host of a virtual machine kept back. */
export function stolenShareSince(earlier: HostTimes): number {
  const now = readHostTimes()
  const stolen = now.stolen - earlier.stolen
  return stolen / Math.max(1, now.worked - earlier.worked + stolen)
}

function cpuOfTree(pid: number, parents: Map<number, number[]>): number {
  const own = cpuOfThreads(pid) + cpuOfEndedChildren(pid)
  const children = parents.get(pid) ?? []
  return children.reduce((sum, child) => sum + cpuOfTree(child, parents), own)
}

/** Of all threads that live, to the nanosecond; the programs that are measured here keep their threads. */
function cpuOfThreads(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => {
      const [nanoseconds] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
      return sum + Number(nanoseconds) / 1_000
    }, 0)
  } catch {
    return 0 // It has ended, and its parent's times have it.
  }
}

function cpuOfEndedChildren(pid: number): number {
  const fields = statFields(pid)
  return fields ? ((Number(fields[13]) + Number(fields[14])) / ticksPerSecond) * 1_000_000 : 0
}

/** The ids of all processes by that of their parent. */
function readParents(): Map<number, number[]> {
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    const parent = /^\d+$/.test(entry) ? Number(statFields(Number(entry))?.[1]) : Number.NaN
    if (!Number.isNaN(parent))
      children.set(parent, [...(children.get(parent) ?? []), Number(entry)])
  }
  return children
}

/** The fields of /proc/<pid>/stat from the third one on: the second is a name that may hold anything. */
function statFields(pid: number): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null
  }
}

/** The most memory that the process has held at once, in bytes; 0 where it has ended. */
export function peakMemoryOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024
  } catch {
    return 0
  }
}
