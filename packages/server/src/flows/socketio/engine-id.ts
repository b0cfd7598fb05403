/** Ids of Engine.IO sessions: the node that has the session stands in front, so any other knows whom to ask without a look-up. */
import { nodeIdLength, secretId } from '../../lib/ids.ts'

const shape = new RegExp(`^[A-Za-z0-9]{${nodeIdLength}}[\\w-]{22}$`)

/** The node's name and 128 random bits, which nobody guesses who was not told. */
export const engineId = (node: string): string => node + secretId()

/** Undefined when it is no id that any node gave. */
export const nodeOfEngineId = (id: string): string | undefined =>
  shape.test(id) ? id.slice(0, nodeIdLength) : undefined
