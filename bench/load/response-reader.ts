const headEnd = '\r\n\r\n'

/**
 * Reads the responses of one connection without pipelining: status and length, not the content.
 *
 * @returns what takes the bytes as they come.
 * @throws Error, from what it returns, where a response has no Content-Length or bytes follow that nobody asked for.
 */
export function openResponseReader(onResponse: (status: number) => void): (chunk: Buffer) => void {
  let earlier: Buffer | null = null
  return (chunk) => {
    const bytes = earlier ? Buffer.concat([earlier, chunk]) : chunk
    earlier = bytes
    const bodyStart = bytes.indexOf(headEnd) + headEnd.length
    if (bodyStart < headEnd.length) return
    const head = bytes.toString('latin1', 0, bodyStart)
    const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1]
    if (length === undefined) throw new Error(`A response without a Content-Length:\n${head}`)
    const end = bodyStart + Number(length)
    if (bytes.length < end) return
    if (bytes.length > end) throw new Error('More bytes than the response has')
    earlier = null
    onResponse(Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length)))
  }
}
