const timeoutMs = 2_000

/**
 * Says whether an engine answers at this address.
 *
 * @throws Error where something else does.
 */
export async function isAlive(url: URL): Promise<boolean> {
  let response: Response
  try {
    response = await fetch(new URL('/livez', url), { signal: AbortSignal.timeout(timeoutMs) })
  } catch (error) {
    const { code } = (error as { cause?: { code?: string } }).cause ?? {}
    if (code === 'ECONNREFUSED' || code === 'ENOTFOUND') return false
    throw new Error(`Something listens at ${url.href} but does not answer.`, { cause: error })
  }
  if (!response.ok) throw new Error(`What answers at ${url.href} is not Stampede.`)
  return true
}
