/** How each contender is spoken to: opened, greeted, subscribed, published to. Owns no socket. */
import type { Contender } from '../lib/contenders.ts'
import type { Dialect } from './dialect.ts'
import { bare } from './dialects/bare.ts'
import { centrifugo } from './dialects/centrifugo.ts'
import { fanfare, fanfareEventStream, fanfareLines } from './dialects/fanfare.ts'
import { nchan, nchanEventStream } from './dialects/nchan.ts'
import { fanfareSocketio, socketio } from './dialects/socketio.ts'

export type { Contender } from '../lib/contenders.ts'
export type { Dialect, Guest, Step } from './dialect.ts'

export const dialects: { readonly [name in Contender]: Dialect } = {
  fanfare,
  'fanfare-lines': fanfareLines,
  'fanfare-socketio': fanfareSocketio,
  'fanfare-event-stream': fanfareEventStream,
  socketio,
  'bun-publish': bare,
  ws: bare,
  nchan,
  'nchan-event-stream': nchanEventStream,
  centrifugo,
}
