import { loadConfig } from '../../src/config.ts'
import { resolveServices } from '../../src/services/services.ts'

/** A process that uses the embedded servers of DATA_DIR until it is killed. */
await resolveServices(loadConfig(), () => {})
process.send?.('ready')
