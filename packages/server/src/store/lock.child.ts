/** A process for tests: takes the folder, says so, and holds it until it is killed. Or says that it could not. */
import { toFanfareError } from '@fanfare/protocol'
import { openDataFolder } from './data-folder.ts'

try {
  await openDataFolder(process.argv[2]!)
  console.log(`held ${process.pid}`)
  setInterval(() => {}, 60_000)
} catch (error) {
  console.log(`refused ${toFanfareError(error).message}`)
}
