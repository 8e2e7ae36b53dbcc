import { type AtEnd, program, runCommand } from '../e2e/engine.ts'

/** Ways to call the program as people and machines do, with this environment alone. */
export function commandLine(settings: Record<string, string>, atEnd?: AtEnd) {
  const run = (...args: string[]) => runCommand([...program, ...args], settings, atEnd)
  return {
    run,
    /** Runs a line of a shell in which `stampede` is the program. */
    shell: (line: string) => {
      const define = `stampede() { ${program.map((word) => `'${word}'`).join(' ')} "$@"; }`
      return runCommand(['bash', '-c', `set -o pipefail; ${define}; ${line}`], settings, atEnd)
    },
    /** The one object of `--json`, and how it ended. Anything else on standard output is an error. */
    async json(...args: string[]) {
      const { code, stdout, stderr } = await run(...args, '--json')
      // biome-ignore lint/suspicious/noExplicitAny: the tests check what is in it.
      return { code, body: JSON.parse(stdout) as any, stderr }
    },
  }
}
