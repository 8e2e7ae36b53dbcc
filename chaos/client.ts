import { Agent, type IncomingMessage, request } from 'node:http'

/** The server promises its 503 within two and a half seconds; later there is a fault on the way. */
const answerTimeoutMs = 4_000

export type Call = {
  method: 'GET' | 'POST' | 'PUT'
  path: string
  token: string
  key?: string | undefined
  body?: unknown
}

export type Answer = {
  status: number
  replayed: boolean
  retryAfter: string | undefined
  body: Record<string, unknown>
}

/** A client without a bound on its connections: load that waits for itself would be no load during an outage. */
export function openClient(url: URL) {
  const agent = new Agent({ keepAlive: true })
  return {
    /** @throws Error where no whole answer arrives. */
    send: (call: Call) =>
      new Promise<Answer>((resolve, reject) => {
        const text = call.body === undefined ? undefined : JSON.stringify(call.body)
        const { method, path, token, key } = call
        const outgoing = request({
          ...{ host: url.hostname, port: url.port, agent, method, path },
          signal: AbortSignal.timeout(answerTimeoutMs),
          headers: {
            authorization: `Bearer ${token}`,
            ...(key !== undefined && { 'idempotency-key': key }),
            ...(text !== undefined && {
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(text),
            }),
          },
        })
        outgoing.on('error', reject)
        outgoing.on('response', (response) => {
          let received = ''
          response.setEncoding('utf8')
          response.on('data', (chunk) => {
            received += chunk
          })
          response.on('error', reject)
          response.on('end', () => {
            if (!response.complete) return reject(new Error('the answer broke off'))
            try {
              resolve(read(response, received))
            } catch (error) {
              reject(error)
            }
          })
        })
        outgoing.end(text)
      }),
    close: () => agent.destroy(),
  }
}

function read({ statusCode = 0, headers }: IncomingMessage, text: string): Answer {
  return {
    status: statusCode,
    replayed: headers['idempotency-replayed'] === 'true',
    retryAfter: headers['retry-after'],
    body: /[/+]json\b/.test(headers['content-type'] ?? '') ? JSON.parse(text) : { text },
  }
}
