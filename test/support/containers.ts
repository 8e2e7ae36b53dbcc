import { join } from 'node:path'
import { GenericContainer, Wait } from 'testcontainers'
import { redisImage } from '../../src/services/redis-program.ts'

const settings = join(import.meta.dirname, '../../deploy/redis/redis.conf')

/** The two servers that all tests share, in containers: for `TEST_SERVICES=containers` and a Docker engine. */
export async function startContainers() {
  const [redis, postgres] = await Promise.all([
    new GenericContainer(redisImage)
      .withCopyFilesToContainer([{ source: settings, target: '/etc/redis.conf' }])
      .withCommand(['redis-server', '/etc/redis.conf', '--protected-mode', 'no'])
      .withExposedPorts(6379)
      .start(),
    new GenericContainer('postgres:18.4-alpine')
      .withEnvironment({ POSTGRES_PASSWORD: 'stampede', POSTGRES_DB: 'stampede' })
      .withExposedPorts(5432)
      // The image starts its server twice: once to make the database, then to serve.
      .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
      .start(),
  ])
  const database = `${postgres.getHost()}:${postgres.getMappedPort(5432)}`
  return {
    redisUrl: `redis://${redis.getHost()}:${redis.getMappedPort(6379)}`,
    databaseUrl: `postgresql://postgres:stampede@${database}/stampede`,
    async stop() {
      await Promise.all([redis.stop(), postgres.stop()])
    },
  }
}
