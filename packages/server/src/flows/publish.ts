/** Publish: check the name, the right and the payload; append and fan out through the engine; then let the reactions run. */
import { FanfareError, type Json, type PublishResult } from '@fanfare/protocol'
import type { Room } from '../app/app.ts'
import type { Caller } from '../model/caller.ts'
import { authorise } from './authorise.ts'
import type { Services } from './services.ts'
import { tell } from './tell.ts'

export type PublishRequest = {
  readonly room: string
  readonly event: string
  readonly data: unknown
  /** Idempotency key; scoped to the caller, so that nobody can swallow another's event by guessing it. */
  readonly key?: string
  /** How many reactions led here; a chain that is too long is cut. */
  readonly depth?: number
}

/** @throws FanfareError `unknown_room`, `unknown_event`, `forbidden`, `invalid_payload`, `too_large`, `unavailable` */
export const publish = async (services: Services, caller: Caller, request: PublishRequest): Promise<PublishResult> => {
  const append = await preparePublish(services, caller, request)
  return append()
}

/**
 * The checks alone. What it gives back appends as soon as it is called, so a connection's publishes keep their order
 * while their acknowledgements are awaited together.
 */
export const preparePublish = async (
  services: Services,
  caller: Caller,
  request: PublishRequest,
): Promise<() => Promise<PublishResult>> => {
  const room = services.app.room(caller.tenantId, request.room)
  await authorise(services, caller, { room, action: 'publish', event: request.event })
  const checked = services.app.checkEvent(room, request.event, request.data)
  const data = checked instanceof Promise ? await checked : checked
  checkSize(data, services.limits.messageBytes)
  return () => append(services, caller, { ...request, room, data })
}

type Prepared = Omit<PublishRequest, 'room' | 'data'> & { readonly room: Room; readonly data: Json }

const append = async (services: Services, caller: Caller, prepared: Prepared): Promise<PublishResult> => {
  const { app, clock, engine, ids, metrics, reactor } = services
  const { depth = 0, room } = prepared
  const startedAt = clock.now()
  const userId = userOfCaller(caller)
  const published = await engine.log.publish(
    room,
    {
      id: ids(startedAt),
      type: prepared.event,
      tenantId: room.tenantId,
      room: room.name,
      ...(userId === undefined ? {} : { userId }),
      data: prepared.data,
      timestamp: new Date(startedAt).toISOString(),
    },
    {
      ...(prepared.key === undefined ? {} : { key: `${callerScope(caller)}|${prepared.key}` }),
      react: app.reactions(prepared.event).length > 0,
      depth,
    },
  )
  metrics.observe('fanfare_publish_seconds', (clock.now() - startedAt) / 1000)
  if (!published.duplicate) {
    metrics.add('fanfare_events_published_total')
    // What the application publishes for somebody is told of the command.
    if (caller.kind !== 'app') tell(services, caller, { action: 'room.published', subject: room.name })
    // What is archived is reacted to once it was forwarded, by whoever does that.
    if (room.log.archive === undefined) void reactor.react(room, published.event, depth)
  }
  const { id, epoch, offset, timestamp, durability, duplicate } = published
  return { id, room: room.name, epoch, offset, timestamp, durability, duplicate }
}

const userOfCaller = (caller: Caller): string | undefined => {
  if (caller.kind === 'user') return caller.user.id
  return caller.kind === 'app' ? caller.userId : undefined
}

/** With its length, because a user id may hold a bar, and so may a key. */
const callerScope = (caller: Caller): string =>
  caller.kind === 'user' ? `user:${caller.user.id.length}:${caller.user.id}` : caller.kind

/** @throws FanfareError `too_large` */
export const checkSize = (data: Json, limit: number): void => {
  const size = Buffer.byteLength(JSON.stringify(data))
  if (size > limit) throw new FanfareError('too_large', `The event's data has ${size} bytes; the limit is ${limit}.`)
}
