import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { HonoAdapter } from '@bull-board/hono'
import { serveStatic } from '@hono/node-server/serve-static'
import type { Queue } from 'bullmq'
import { type Handler, Hono } from 'hono'
import type { Environment } from './environment.ts'
import { type Guard, guarded } from './guard.ts'
import { measured } from './measured.ts'
import { libraryPagePolicy, pageHeaders } from './pages.ts'
import { problem } from './problem.ts'
import { headersOf } from './reply.ts'
import { identifyRequest } from './request-id.ts'

const basePath = '/admin/queues'

/** The address of the dashboard and of everything below it. */
export const queueBoardPath = `${basePath}/*`

/** Its page finds its files by a base address, and one component brings one style, which hides scroll bars. */
const boardPolicy = libraryPagePolicy
  .replace("base-uri 'none'", "base-uri 'self'")
  .replace(
    "style-src 'self'",
    "style-src 'self' 'sha256-r2N1TB/gHbBtBZFKg7ejmq1acVSREzucTAEw6ga4hoU='",
  )

/** What the page brings for the time of its start, but no page of ours may do: fonts of another host, inline styles. */
const foreignFonts = /<link href="https:[^>]+>/g
const startScreen = /(<div id="root">)[\s\S]*<\/style>\s*(<\/div>)/

/**
 * Answers `GET /admin/queues` with the dashboard of the queues, for operators. It only shows. A job says which shop to
 * look after and nothing else, so a drain that is paused or emptied by a click would stop the persistence of all shops;
 * and there is nothing that a click could mend, because the workers make lost jobs and schedules anew by themselves. So
 * nothing but GET is routed here, whatever the page may send.
 */
export function answerQueueBoard(
  queues: readonly Queue[],
  operatorsOnly: Guard,
): Handler<Environment> {
  const board = openBoard(queues)
  const answer = guarded([identifyRequest, operatorsOnly], async (c) => {
    const response = await board.fetch(c.req.raw)
    if (response.status === 404) return problem(c, 'not_found')
    const type = response.headers.get('content-type') ?? ''
    const isPage = type.startsWith('text/html')
    const headers = headersOf(c, {
      ...pageHeaders,
      'content-type': type,
      'content-security-policy': boardPolicy,
      'cache-control': /\/static\/(?:js|css)\//.test(c.req.path)
        ? 'private, max-age=86400'
        : 'no-store',
    })
    const body = isPage ? cleaned(await response.text()) : response.body
    return new Response(body, { status: response.status, headers })
  })
  return measured('GET', queueBoardPath, answer)
}

function openBoard(queues: readonly Queue[]): Hono {
  const adapter = new HonoAdapter(serveStatic).setBasePath(basePath)
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })),
    serverAdapter: adapter,
    options: { uiConfig: { boardTitle: 'Stampede queues', hideDocsLink: true } },
  })
  // An outage is answered as on every other route, and not with the words of a driver.
  adapter.setErrorHandler(rethrow)
  const plugin = adapter.registerPlugin().onError(rethrow)
  // With and without a slash at its end: the page itself goes from one to the other.
  return new Hono({ strict: false }).route(basePath, plugin).onError(rethrow)
}

function rethrow(error: Error): never {
  throw error
}

function cleaned(page: string): string {
  return page.replaceAll(foreignFonts, '').replace(startScreen, '$1$2')
}
