import { loadConfig } from '../config.ts'
import type { Finding } from '../services/machine.ts'
import { exitCodes, show } from './answer.ts'
import { command } from './command.ts'

export function doctorCommand() {
  return command('doctor', {
    summary: 'Say what was found on this machine, and what to do about what was not',
    details:
      'Node, Redis, Postgres, k6, psql, Docker and Chromium. It fails where npm start lacks what it needs.',
    examples: ['doctor', 'doctor --json'],
  }).action(async (options) => {
    const { examineMachine } = await import('../services/machine.ts')
    const findings = await examineMachine(loadConfig())
    const ok = findings.every(({ found, needed }) => found !== null || !needed)
    process.exitCode = ok ? exitCodes.done : exitCodes.failed
    show({ ok, findings }, options, () => findings.map(describe).join('\n'))
  })
}

function describe({ name, found, needed, use, advice }: Finding): string {
  const mark = found ? 'ok     ' : needed ? 'MISSING' : 'absent '
  return `${mark}  ${name.padEnd(9)}${found ?? `${advice} (for: ${use})`}`
}
