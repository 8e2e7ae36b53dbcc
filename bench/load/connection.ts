import { once } from 'node:events'
import { connect } from 'node:net'
import { openResponseReader } from './response-reader.ts'

export type Connection = {
  /** Sends one request. The next one may follow when this one has its response. */
  send(request: Buffer): void
  close(): void
}

/** Connects to a server of this machine. A connection that breaks is told once; it is not opened again. */
export async function openConnection(
  port: number,
  on: { response: (status: number) => void; broken: (error: Error) => void },
): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  const read = openResponseReader(on.response)
  socket.on('data', (chunk) => {
    try {
      read(chunk)
    } catch (error) {
      socket.destroy(error as Error)
    }
  })
  socket.on('error', on.broken)
  socket.on('end', () => on.broken(new Error('The server closed a connection')))
  return { send: (request) => void socket.write(request), close: () => void socket.destroy() }
}
