import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Config, loadConfig } from '../../src/config.ts'
import { resolveServices, type Services } from '../../src/services/services.ts'

/**
 * A data folder that only root or its owner may enter, as `mktemp -d` makes them; it goes with the test, or with what
 * the other hook says.
 */
export function temporaryFolder(onFinished: (remove: () => void) => void = onTestFinished): string {
  const folder = mkdtempSync(join(tmpdir(), 'stampede-services-'))
  onFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Resolves the services and releases them with the test; `lines` collects what is reported. */
export async function resolveFor(
  settings: Partial<Record<keyof Config, string>>,
  lines: string[] = [],
): Promise<Services> {
  const services = await resolveServices(loadConfig(settings), (line) => lines.push(line))
  onTestFinished(() => services.release())
  return services
}
