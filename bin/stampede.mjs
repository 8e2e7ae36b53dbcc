#!/usr/bin/env node
// The command of a checkout, e.g. `npx stampede`, on whatever Node the machine has (20 is enough): installs what is
// missing, and runs the program on a Node that runs the sources. Plain JavaScript without dependencies, because nothing
// is there yet.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

await import('../scripts/install.mjs')

if (process.exitCode === undefined) {
  if (process.features.typescript) await import('./main.ts')
  else runOnBundledNode()
}

function runOnBundledNode() {
  const pathOf = (file) => fileURLToPath(new URL(file, import.meta.url))
  const args = [pathOf('main.ts'), ...process.argv.slice(2)]
  const child = spawn(pathOf('../node_modules/.bin/node'), args, { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  child.on('error', ({ message }) => {
    process.stderr.write(
      `Stampede needs Node 22.18 or later; this is ${process.version}: ${message}\n`,
    )
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    process.removeAllListeners()
    if (signal) process.kill(process.pid, signal)
    else process.exitCode = code
  })
}
