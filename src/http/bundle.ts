import { build, stop } from 'esbuild'

let last: Promise<unknown> = Promise.resolve()

/**
 * Makes one script for a browser of a page's sources and what they import. It is made when somebody first asks for the
 * page, which takes a tenth of a second in a process of its own: so there is nothing to build before a start. Two are
 * made one after the other: they share that process, and who is done first ends it.
 */
export function bundle(entry: string): Promise<Uint8Array<ArrayBuffer>> {
  const made = last.then(() => bundleAlone(entry))
  last = made.catch(() => {})
  return made
}

async function bundleAlone(entry: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const { outputFiles } = await build({
      entryPoints: [entry],
      bundle: true,
      minify: true,
      format: 'esm',
      target: 'es2023',
      jsx: 'automatic',
      jsxImportSource: 'preact',
      legalComments: 'none',
      logLevel: 'silent',
      write: false,
    })
    return outputFiles[0]?.contents as Uint8Array<ArrayBuffer>
  } finally {
    await stop()
  }
}
