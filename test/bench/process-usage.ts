/** What the operating system says that a process used: Linux only, all threads together. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Bytes that a memory figure of /proc counts by. */
const KIBIBYTE = 1024

/** Clock ticks a second, the unit of CPU time in /proc. */
function ticksPerSecond(): number {
  return Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
}

/** Reads the usage of any process of this machine. */
export class ProcessUsage {
  readonly #ticksPerSecond = ticksPerSecond()

  /** CPU seconds of the process so far, in user and kernel mode. */
  cpuSeconds(pid: number): number {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // from field 3 on
    return (Number(fields[11]) + Number(fields[12])) / this.#ticksPerSecond
  }

  /** Memory that the process has in RAM now. */
  residentBytes(pid: number): number {
    return this.#memory(pid, 'VmRSS')
  }

  /** The most that it ever had. */
  peakResidentBytes(pid: number): number {
    return this.#memory(pid, 'VmHWM')
  }

  #memory(pid: number, name: string): number {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)
    if (found === null) throw new Error(`no ${name} of process ${pid}`)
    return Number(found[1]) * KIBIBYTE
  }
}
