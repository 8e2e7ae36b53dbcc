import { readFileSync } from 'node:fs'

/**
 * Reads a request body from a file, or from standard input where the name is `-`. The engine checks what is in it.
 *
 * @throws Error where it cannot be read, or is not JSON.
 */
export function readJson(file: string): unknown {
  const text = readFileSync(file === '-' ? 0 : file, 'utf8')
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`${file} is not JSON: ${(error as Error).message}`, { cause: error })
  }
}
