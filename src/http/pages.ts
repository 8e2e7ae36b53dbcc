import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Context, Handler } from 'hono'
import type { Environment } from './environment.ts'
import { guarded } from './guard.ts'
import { measured } from './measured.ts'
import { headersOf } from './reply.ts'
import { identifyRequest } from './request-id.ts'

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** A page may load what this server has, and nothing else: it works offline, and runs no script that came in a text. */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const ownFile = (path: string) => fileURLToPath(new URL(`../pages/${path}`, import.meta.url))
const fileOfPackage = (path: string) => fileURLToPath(import.meta.resolve(path))

/** The files of all pages by their address. */
const files: Record<string, string> = {
  '/icon.svg': ownFile('icon.svg'),
  '/docs': ownFile('docs/index.html'),
  '/docs/reference.js': ownFile('docs/reference.js'),
  '/docs/swagger-ui.css': fileOfPackage('swagger-ui-dist/swagger-ui.css'),
  '/docs/swagger-ui-bundle.js': fileOfPackage('swagger-ui-dist/swagger-ui-bundle.js'),
}

/** The pages: an address, and what answers it. */
export const pages: [path: string, answer: Handler<Environment>][] = Object.entries(files).map(
  ([path, file]) => [path, answerFile(path, file)],
)

/** Answers with a file, which is read once; a browser that has it already is told so. */
function answerFile(path: string, file: string): Handler<Environment> {
  let read: { content: Buffer<ArrayBuffer>; etag: string } | undefined
  const answer = guarded([identifyRequest], (c) => {
    read ??= readFile(file)
    const headers = headersOf(c, {
      'cache-control': 'no-cache',
      'content-security-policy': pagePolicy,
      'content-type': types[extname(file)] as string,
      etag: read.etag,
    })
    if (hasAlready(c, read.etag)) return new Response(null, { status: 304, headers })
    return new Response(read.content, { headers })
  })
  return measured('GET', path, answer)
}

function readFile(file: string) {
  const content = readFileSync(file) as Buffer<ArrayBuffer>
  return { content, etag: `"${createHash('sha256').update(content).digest('base64url')}"` }
}

function hasAlready(c: Context<Environment>, etag: string): boolean {
  return c.req.header('if-none-match')?.split(/, */).includes(etag) ?? false
}
