import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { loadConfig } from '../../src/config.ts'
import { readRecord } from '../../src/services/data-folder.ts'
import { signal } from '../../src/services/processes.ts'
import { resolveServices } from '../../src/services/services.ts'
import { startContainers } from './containers.ts'
import { makeTemplate } from './postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    redisUrl: string
    /** A database of the server that the tests make their own databases on. */
    databaseUrl: string
  }
}

/**
 * Starts one Redis and one Postgres for the whole run, on free ports and in a folder of their own, so that several
 * runs can go on at once.
 */
export default async function startServers({ provide }: TestProject) {
  const start = process.env.TEST_SERVICES === 'containers' ? startContainers : startEmbedded
  const servers = await start()
  await makeTemplate(servers.databaseUrl)
  provide('redisUrl', servers.redisUrl)
  provide('databaseUrl', servers.databaseUrl)
  return servers.stop
}

async function startEmbedded() {
  const folder = mkdtempSync(join(tmpdir(), 'stampede-test-'))
  const services = await resolveServices(loadConfig({ DATA_DIR: folder }), () => {})
  // Ctrl-C ends the run without its teardown, and does not reach the servers, which have their own process group.
  const killServers = () => {
    for (const name of ['redis', 'postgres']) {
      signal(readRecord(join(folder, `${name}.json`))?.pid as number, 'SIGQUIT')
    }
  }
  process.once('exit', killServers)
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1))
  return {
    redisUrl: services.redisUrl,
    databaseUrl: services.databaseUrl,
    async stop() {
      await services.release()
      process.off('exit', killServers)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
