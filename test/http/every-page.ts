import type { createApp } from '../../src/http/app.ts'

/** The addresses that answer with a page, found by asking all of them: a new one cannot be forgotten. */
export async function findPages(app: ReturnType<typeof createApp>): Promise<string[]> {
  const gets = app.routes.filter(({ method, path }) => method === 'GET' && !path.includes(':'))
  const paths = [...new Set(gets.map(({ path }) => path.replace('/*', '')))]
  const types = await Promise.all(
    paths.map(async (path) => {
      const answer = await app.request(path)
      // Some answers do not end.
      await answer.body?.cancel()
      return answer.headers.get('content-type') ?? ''
    }),
  )
  return paths.filter((_, index) => types[index]?.startsWith('text/html'))
}
