// Runs before every command, on whatever Node the machine has (20 is enough): installs the dependencies where they
// are missing or old, and makes sure that a Node follows that runs the sources. Plain JavaScript without
// dependencies, because nothing is there yet. Its lines go to standard error: standard output is the command's.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const stamp = join(root, 'node_modules', '.installed')
const bundledNode = join(root, 'node_modules', '.bin', 'node')
/** The first Node that runs TypeScript as it is, without a flag. */
const nodeMin = [22, 18]

if (!isInstalled()) {
  const release = await lock()
  try {
    if (!isInstalled()) install()
  } catch (error) {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  } finally {
    release()
  }
}

/** What the installed folder must have been made from. */
function wanted() {
  const lockfile = readFileSync(join(root, 'package-lock.json'))
  return createHash('sha256')
    .update(lockfile)
    .update(`${process.platform} ${process.arch}`)
    .digest('hex')
}

function isInstalled() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted()
}

function install() {
  process.stderr.write('Installing dependencies with npm ci ...\n')
  const flags = [
    'ci',
    '--ignore-scripts',
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]
  // npm tells its scripts where it is; started by hand, it is the one on the PATH.
  const npm = process.env.npm_execpath
  const [command, args] = npm ? [process.execPath, [npm, ...flags]] : ['npm', flags]
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    shell: !npm && process.platform === 'win32',
  })
  if (status !== 0) {
    throw new Error(`npm ci failed:\n${error?.message ?? `${stdout}${stderr}`.trim()}`)
  }
  checkNode()
  writeFileSync(stamp, wanted())
}

/** npm's scripts find the Node of the dependencies first, where there is one for this machine. */
function checkNode() {
  const bundled = versionOf(bundledNode)
  if (isEnough(bundled)) return
  if (!isEnough(process.version)) {
    throw new Error(
      `Stampede needs Node ${nodeMin.join('.')} or later; this is ${process.version}.`,
    )
  }
  rmSync(bundledNode, { force: true })
}

function versionOf(node) {
  return spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout ?? ''
}

function isEnough(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number)
  return major > nodeMin[0] || (major === nodeMin[0] && minor >= nodeMin[1])
}

/** Waits until no other installation runs in this folder. The kernel frees a socket however its process ends. */
async function lock() {
  const id = `stampede-install-${createHash('sha256').update(root).digest('hex').slice(0, 24)}`
  const file = join(tmpdir(), `${id}.sock`)
  const path = { linux: `\0${id}`, win32: `\\\\.\\pipe\\${id}` }[process.platform] ?? file
  for (;;) {
    const server = createServer((socket) => socket.destroy())
    const failed = await new Promise((resolve) => {
      server.on('error', (error) => resolve(error))
      server.listen(path, () => resolve(null))
    })
    if (!failed) return () => server.close()
    if (failed.code !== 'EADDRINUSE') throw failed
    if (path === file) {
      connect(file)
        .on('connect', function () {
          this.destroy()
        })
        .on('error', (error) => error.code === 'ECONNREFUSED' && rmSync(file, { force: true }))
    }
    await wait(100)
  }
}
