import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Context, Handler } from 'hono'
import { bundle } from './bundle.ts'
import type { Environment } from './environment.ts'
import { type Guard, guarded } from './guard.ts'
import { measured } from './measured.ts'
import { remembered } from './remembered.ts'
import { headersOf } from './reply.ts'
import { identifyRequest } from './request-id.ts'

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.tsx': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.md': 'text/plain; charset=utf-8',
}

/**
 * A page may load what this server has, and nothing else: it works offline, and runs no script that came in a text. It
 * cannot even make elements of a text.
 */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

/** The same for a page of a library that makes elements of texts, which are its own. */
export const libraryPagePolicy = pagePolicy.replace(/; require-trusted-types-for.*/, '')

/** What a page may do as little as those who load it: know its window, or use what the device has. */
export const pageHeaders = {
  'content-security-policy': pagePolicy,
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy':
    'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
}

const ownFile = (path: string) => fileURLToPath(new URL(`../pages/${path}`, import.meta.url))
const fileOfPackage = (path: string) => fileURLToPath(import.meta.resolve(path))

/** The files of all pages by their address. */
const files: Record<string, string> = {
  '/icon.svg': ownFile('icon.svg'),
  '/base.css': ownFile('base.css'),
  '/docs': ownFile('docs/index.html'),
  '/docs/reference.js': ownFile('docs/reference.js'),
  '/docs/API.md': fileURLToPath(new URL('../../docs/API.md', import.meta.url)),
  '/docs/page.css': ownFile('docs/page.css'),
  '/docs/swagger-ui.css': fileOfPackage('swagger-ui-dist/swagger-ui.css'),
  '/docs/swagger-ui-bundle.js': fileOfPackage('swagger-ui-dist/swagger-ui-bundle.js'),
  '/shop': ownFile('shop/index.html'),
  '/shop/page.js': ownFile('shop/main.tsx'),
  '/shop/page.css': ownFile('shop/page.css'),
  '/ops': ownFile('ops/index.html'),
  '/ops/page.js': ownFile('ops/main.tsx'),
  '/ops/page.css': ownFile('ops/page.css'),
  '/ops/chart.css': fileOfPackage('uplot/dist/uPlot.min.css'),
}

/** The addresses of all pages and their files. */
export const pagePaths = Object.keys(files)

/** The pages: an address, and what answers it. Those of operators are for them only. */
export function pagesFor(operatorsOnly: Guard): [path: string, answer: Handler<Environment>][] {
  return Object.entries(files).map(([path, file]) => {
    const guards = /^\/ops(\/|$)/.test(path) ? [operatorsOnly] : []
    return [path, answerFile(path, file, guards)]
  })
}

/** Answers with a file, which is read once; a browser that has it already is told so. */
function answerFile(path: string, file: string, guards: Guard[]): Handler<Environment> {
  const readOnce = remembered(() => readPage(file))
  const answer = guarded([identifyRequest, ...guards], async (c) => {
    const read = await readOnce()
    const headers = headersOf(c, {
      ...pageHeaders,
      ...(path === '/docs' && { 'content-security-policy': libraryPagePolicy }),
      'cache-control': 'no-cache',
      'content-type': types[extname(file)] as string,
      etag: read.etag,
    })
    if (hasAlready(c, read.etag)) return new Response(null, { status: 304, headers })
    return new Response(read.content, { headers })
  })
  return measured('GET', path, answer)
}

async function readPage(file: string) {
  const content = file.endsWith('.tsx') ? await bundle(file) : await readFile(file)
  return { content, etag: `"${createHash('sha256').update(content).digest('base64url')}"` }
}

function hasAlready(c: Context<Environment>, etag: string): boolean {
  return c.req.header('if-none-match')?.split(/, */).includes(etag) ?? false
}
