/** @fanfare/testkit: start a Fanfare world in a test, with actors, and a clock that you move. */
export { fakeClock } from '@fanfare/server'
export { Actor, type ActorOptions, type Closed, meaningOf } from './actor.ts'
export { Mailbox } from './mailbox.ts'
export { refusal } from './refusal.ts'
export { ServerProcess, type ServerProcessOptions, startServerProcess } from './server-process.ts'
export {
  type CommandOptions,
  homeTenant,
  type PersonOptions,
  type ServerRequest,
  startWorld,
  World,
  type WorldOptions,
} from './world.ts'
