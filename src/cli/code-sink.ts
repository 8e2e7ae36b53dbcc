import { once } from 'node:events'
import { open, rm } from 'node:fs/promises'

/** Where codes go. */
export type CodeSink = {
  /** Resolves when there is room for more. */
  write(codes: string[]): Promise<unknown>
  /** Resolves when all of them are on the disk. */
  end(): Promise<void>
  /** Leaves no trace, where no code came. */
  discard(): Promise<void>
  /** What a machine is told besides how many there are. */
  result: { file?: string; codes?: string[] }
}

const heading = 'code\n'

/**
 * A new file in CSV, that only its owner may read.
 *
 * @throws Error where it exists, or cannot be made.
 */
export async function openFileSink(file: string): Promise<CodeSink> {
  const handle = await open(file, 'wx', 0o600)
  await handle.write(heading)
  return {
    write: (codes) => handle.write(linesOf(codes)),
    async end() {
      try {
        await handle.sync()
      } finally {
        await handle.close()
      }
    },
    async discard() {
      await handle.close()
      await rm(file)
    },
    result: { file },
  }
}

/** Standard output, in CSV. */
export function openOutputSink(): CodeSink {
  let text = heading
  return {
    async write(codes) {
      text += linesOf(codes)
      const hasRoom = process.stdout.write(text)
      text = ''
      if (!hasRoom) await once(process.stdout, 'drain')
    },
    end: async () => {},
    discard: async () => {},
    result: {},
  }
}

/** A list for a machine, which is told in the end. */
export function openListSink(): CodeSink {
  const list: string[] = []
  return {
    write: async (codes) => {
      for (const code of codes) list.push(code)
    },
    end: async () => {},
    discard: async () => {},
    result: { codes: list },
  }
}

function linesOf(codes: string[]): string {
  return codes.map((code) => `${code}\n`).join('')
}
