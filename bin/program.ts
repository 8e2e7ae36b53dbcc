import manifest from '../package.json' with { type: 'json' }
import { group } from '../src/cli/command.ts'
import { couponCommand } from '../src/cli/coupon.ts'
import { deadLettersCommand } from '../src/cli/dead-letters.ts'
import { doctorCommand } from '../src/cli/doctor.ts'
import { loadCommand } from '../src/cli/load.ts'
import { migrateCommand } from '../src/cli/migrate.ts'
import { orderCommand } from '../src/cli/order.ts'
import { productCommand } from '../src/cli/product.ts'
import { psqlCommand } from '../src/cli/psql.ts'
import { shopCommand } from '../src/cli/shop.ts'
import { startCommand } from '../src/cli/start.ts'
import { stormCommand } from '../src/cli/storm.ts'
import { tokenCommand } from '../src/cli/token.ts'
import { userCommand } from '../src/cli/user.ts'
import { verifyCommand } from '../src/cli/verify.ts'
import { waitingRoomCommand } from '../src/cli/waiting-room.ts'
import { rebuildCommand } from './rebuild.ts'

/** The command line. What a command needs is loaded when it runs, because most of it is large. */
export function openProgram() {
  return group('stampede', 'A flash-sale engine')
    .version(manifest.version, '--version', 'show the version')
    .enablePositionalOptions()
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 refused or failed, 2 wrong usage. See docs/CLI.md',
    )
    .commandsGroup('Run it:')
    .addCommand(startCommand())
    .addCommand(doctorCommand())
    .addCommand(tokenCommand())
    .commandsGroup('Sell:')
    .addCommand(shopCommand())
    .addCommand(productCommand())
    .addCommand(couponCommand())
    .addCommand(waitingRoomCommand())
    .addCommand(userCommand())
    .addCommand(orderCommand())
    .commandsGroup('Prove and repair:')
    .addCommand(migrateCommand())
    .addCommand(verifyCommand())
    .addCommand(rebuildCommand())
    .addCommand(deadLettersCommand())
    .addCommand(psqlCommand())
    .commandsGroup('Put it under load:')
    .addCommand(stormCommand())
    .addCommand(loadCommand())
}
