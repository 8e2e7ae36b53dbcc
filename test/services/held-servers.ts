import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A process that uses the servers of the folder and knows nothing of this one. */
export async function holdServers(folder: string) {
  const child = fork(join(import.meta.dirname, 'hold-servers.ts'), {
    env: { PATH: process.env.PATH, DATA_DIR: folder },
    execArgv: [],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [message] = await Promise.race([once(child, 'message'), once(child, 'exit')])
  if (message !== 'ready') throw new Error(`The servers were not held: exit code ${message}`)
  return {
    async kill() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
    /** From now on it does not even notice that its children end: they stay zombies. */
    freeze: () => child.kill('SIGSTOP'),
  }
}
