import type { Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { listen } from '../../src/services/http-server.ts'

type Answerer = (request: Request) => Response | Promise<Response>

export const host = 'Host: shop\r\n'

/** A server with this application until the end of the test. */
export async function serve(answerer: Answerer = () => new Response('fine')): Promise<Server> {
  const server = await listen(answerer, { HOST: '127.0.0.1', PORT: 0 })
  onTestFinished(() => server.closeAllConnections())
  onTestFinished(() => void server.close())
  return server
}

export function dial(server: Server): Socket {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  // The server may hang up while the rest of a bad request is still on its way.
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  return socket
}

/** Sends this and reads until the server closes the connection. */
export function send(server: Server, request: string): Promise<string> {
  const socket = dial(server)
  socket.write(request)
  return text(socket)
}
