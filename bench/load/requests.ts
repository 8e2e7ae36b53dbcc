import { readFileSync, writeFileSync } from 'node:fs'

export type LoadRequest = {
  path: string
  token?: string
  idempotencyKey?: string
  /** The address that a proxy says the request came from. */
  from?: string
  /** Sent as JSON. */
  body?: unknown
}

/** The bytes of a POST as they go over the wire; the headers are those that any client of the API sends. */
export function encodeRequest({ path, token, idempotencyKey, from, body }: LoadRequest): Buffer {
  const text = body === undefined ? '' : JSON.stringify(body)
  const lines = [`POST ${path} HTTP/1.1`, 'Host: 127.0.0.1', 'Accept: application/json']
  if (token) lines.push(`Authorization: Bearer ${token}`)
  if (idempotencyKey) lines.push(`Idempotency-Key: ${idempotencyKey}`)
  if (from) lines.push(`X-Forwarded-For: ${from}`)
  if (text) lines.push('Content-Type: application/json')
  lines.push(`Content-Length: ${Buffer.byteLength(text)}`, '', text)
  return Buffer.from(lines.join('\r\n'))
}

/** Writes encoded requests into a file, each behind its length (32 bits). */
export function writeRequests(file: string, requests: readonly Buffer[]): void {
  const parts = requests.flatMap((request) => {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(request.length)
    return [length, request]
  })
  writeFileSync(file, Buffer.concat(parts))
}

/** Reads what `writeRequests` wrote. */
export function readRequests(file: string): Buffer[] {
  const bytes = readFileSync(file)
  const requests: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32LE(at)
    requests.push(bytes.subarray(at + 4, end))
    at = end
  }
  return requests
}
