import { TrieRouter } from 'hono/router/trie-router'
import { describe, expect, it } from 'vitest'
import { createRouter } from './router.ts'

const routes: [method: string, path: string][] = [
  ['ALL', '/*'],
  ['ALL', '/v1/*'],
  ['GET', '/livez'],
  ['GET', '/v1/products/popular'],
  ['GET', '/v1/products'],
  ['POST', '/v1/products'],
  ['GET', '/v1/products/:id'],
  ['POST', '/v1/coupons/:id/claims'],
  ['POST', '/v1/coupons/claims'],
  ['GET', '/v1/coupons/:id'],
  ['GET', '/v1/users/:id/balance/history'],
]

describe('router', () => {
  it('finds the same as the tree, at every request, and at a fixed address never a route with an id', () => {
    const tree = new TrieRouter<string>()
    const fixed = new TrieRouter<string>()
    const names = ['/v1/products/popular', '/v1/coupons/claims']
    const router = createRouter<string>()
    for (const [method, path] of routes) {
      tree.add(method, path, `${method} ${path}`)
      if (!path.includes(':')) fixed.add(method, path, `${method} ${path}`)
      router.add(method, path, `${method} ${path}`)
    }
    const paths = routes.map(([, path]) => path.replace(':id', 'abc').replace('/*', '/nowhere'))
    for (const path of [...paths, ...paths, '/v1/products/popular/', '/v1//products', '/v1']) {
      for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
        const where = `${method} ${path}`
        expect([where, readable(router.match(method, path))]).toEqual([
          where,
          readable((names.includes(path) ? fixed : tree).match(method, path)),
        ])
      }
    }
  })
})

/** Handlers with the values of their parameters: routers may answer positions or values. */
function readable(result: ReturnType<TrieRouter<string>['match']>) {
  const [handlers, stash] = result as [[string, Record<string, string | number>][], string[]?]
  return handlers.map(([handler, parameters]) => [
    handler,
    Object.entries(parameters).map(([name, value]) => [
      name,
      typeof value === 'number' ? stash?.[value] : value,
    ]),
  ])
}
