import { expect, it } from 'vitest'
import { knownHoleOf } from './known-holes.ts'

it.each([
  ['Redis 7.2.10', 'Redis 7.2.10 has CVE-2025-49844', '7.2.11'],
  ['Redis 7.4.5', 'Redis 7.4.5 has CVE-2025-49844', '7.4.6'],
  ['Redis 8.0.3', 'Redis 8.0.3 has CVE-2025-49844', '8.0.4'],
  ['Redis 8.2.1', 'Redis 8.2.1 has CVE-2025-49844', '8.2.2'],
  ['Redis 7.4.2, a cluster of 3 primaries', 'Redis 7.4.2 has CVE-2025-49844', '7.4.6'],
  ['Valkey 8.1.3', 'Valkey 8.1.3 has CVE-2025-49844', '8.1.4'],
])('is said of %s, with the release that mends it', (server, hole, release) => {
  const found = knownHoleOf(server)
  expect(found?.advice).toMatch(hole)
  expect(found?.advice).toMatch(`: take ${release} or later`)
  expect(found?.isCertain).toBe(true)
})

it('may be mended by the distribution where its branch has no other release', () => {
  const found = knownHoleOf('Redis 7.0.15')
  expect(found?.advice).toMatch(/^no release of Redis 7\.0 mends .*ask your distribution/)
  expect(found?.isCertain).toBe(false)
})

it.each([
  'Redis 7.2.11',
  'Redis 7.2.12',
  'Redis 8.2.10',
  'Redis 8.6.7',
  'Redis 9.0.0',
  'Valkey 9.0.0',
])('is not said of %s', (server) => {
  expect(knownHoleOf(server)).toBeNull()
})
