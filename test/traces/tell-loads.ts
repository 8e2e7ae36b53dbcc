import { registerHooks } from 'node:module'

// Loaded into a process before its program: says which packages of OpenTelemetry are loaded, by import or require.
registerHooks({
  load(url, context, next) {
    const name = /node_modules\/(@opentelemetry\/[\w-]+)/.exec(url)?.[1]
    if (name) process.stderr.write(`loads ${name}\n`)
    return next(url, context)
  },
})
