/** Error codes of sockets and of Postgres that mean: the other side is gone, starting, stopping or overrun. */
const outageCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  '53300', // too many connections
  '57014', // the statement took too long
  '57P01', // shut down by its operator
  '57P02', // another process of it crashed
  '57P03', // starting
])

/** The drivers have no code for these. */
const outageMessages = [
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout)/,
  /^(Command timed out|Command aborted due to connection close|Connection is closed)/,
  /^(Stream isn't writeable|Reached the max retries per request limit)/,
  /^(Too many Cluster redirections|Failed to refresh slots cache|None of startup nodes is available)/,
  // What Redis itself answers while it loads, stops, is stuck in a script, or is a replica of one that is gone, and
  // while a cluster fails over or moves a slot. A transaction names the same reason behind its own.
  /^(EXECABORT .*: )?(LOADING|BUSY|MASTERDOWN|READONLY|MISCONF|OOM|NOREPLICAS|UNBLOCKED) /,
  /^(EXECABORT .*: )?(CLUSTERDOWN|TRYAGAIN|MOVED|ASK) /,
]

/** Tells an outage of Redis or Postgres from a bug, through the wrappers that libraries put around its cause. */
export function isOutage(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause ? String(cause.code) : ''
    // Class 08 of Postgres is "connection exception".
    if (outageCodes.has(code) || /^08...$/.test(code)) return true
    const { message } = cause
    if (outageMessages.some((pattern) => pattern.test(message))) return true
    // Node tries every address of a host name, and reports all failures as one error.
    if (cause instanceof AggregateError && cause.errors.some(isOutage)) return true
  }
  return false
}
