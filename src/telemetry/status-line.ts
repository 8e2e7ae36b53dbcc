const repaintMs = 200
/** Without a terminal every line stays, so there are few. */
const lineMs = 2_000

export type StatusLine = {
  /** Shows another text from now on; it may change while it is shown. */
  set(text: () => string): void
  end(): void
}

/**
 * Shows on standard error what is going on: one line that changes on a terminal, else a line once in a while.
 *
 * @param options.isTerminalOnly shows nothing where there is no terminal.
 */
export function openStatusLine({ isTerminalOnly }: { isTerminalOnly: boolean }): StatusLine {
  const { stderr } = process
  if (isTerminalOnly && !stderr.isTTY) return { set: () => {}, end: () => {} }
  let text: (() => string) | undefined
  const print = () => {
    const line = text?.()
    if (line === undefined) return
    stderr.write(stderr.isTTY ? `\r\x1b[2K${line.slice(0, stderr.columns - 1)}` : `${line}\n`)
  }
  const timer = setInterval(print, stderr.isTTY ? repaintMs : lineMs)
  return {
    set: (next) => {
      text = next
      print()
    },
    end: () => {
      clearInterval(timer)
      if (stderr.isTTY) stderr.write('\r\x1b[2K')
    },
  }
}
