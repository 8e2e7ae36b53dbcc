import { readFileSync } from 'node:fs'

/**
 * Imported before anything else, it lets a test step the clock of the process while it runs: at SIGUSR2 the time of day
 * is off by as many milliseconds as the file CLOCK_FILE says. Monotonic time and timers go on as they were.
 */
const TrueDate = Date
let offsetMs = 0
process.on('SIGUSR2', () => {
  offsetMs = Number(readFileSync(process.env.CLOCK_FILE as string, 'utf8'))
  process.stderr.write(`The clock is off by ${offsetMs} ms\n`)
})

const now = () => TrueDate.now() + offsetMs
globalThis.Date = new Proxy(TrueDate, {
  construct: (target, given, newTarget) =>
    Reflect.construct(target, given.length > 0 ? given : [now()], newTarget),
  apply: () => new TrueDate(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
})
