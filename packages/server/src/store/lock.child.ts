/** A process for tests: takes the folder, says so, and holds it until it is killed or its parent is gone. Or says that it could not. */
import { toFanfareError } from '@fanfare/protocol'
import { openDataFolder } from './data-folder.ts'

try {
  await openDataFolder(process.argv[2]!)
  console.log(`held ${process.pid}`)
  process.stdin.resume().on('end', () => process.exit())
} catch (error) {
  console.log(`refused ${toFanfareError(error).message}`)
}
