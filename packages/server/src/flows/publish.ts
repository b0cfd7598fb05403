/** Publish: check the name, the right and the payload; append and fan out through the engine; then let the reactions run. */
import { FanfareError, type Json, type PublishResult } from '@fanfare/protocol'
import type { Room } from '../app/app.ts'
import type { Draft, Published, PublishOptions } from '../engine/room-log.ts'
import { isoTime } from '../lib/iso-time.ts'
import { isLargerAsJson, jsonBytes } from '../lib/json-size.ts'
import { type Soon, soon } from '../lib/soon.ts'
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
  const prepared = await preparePublish(services, caller, request)
  return append(services, caller, prepared)
}

/** A publish that passed every check. */
export type Prepared = { readonly request: PublishRequest; readonly room: Room; readonly data: Json }

/**
 * The checks alone. What it gives back is appended as soon as `append` is called with it, so a connection's publishes keep
 * their order while their acknowledgements are awaited together. Rules and schemas that answer at once cost no promise.
 */
export const preparePublish = (services: Services, caller: Caller, request: PublishRequest): Soon<Prepared> => {
  const room = services.app.room(caller.tenantId, request.room)
  const authorised = authorise(services, caller, { room, action: 'publish', event: request.event })
  return authorised === undefined
    ? check(services, room, request)
    : authorised.then(() => check(services, room, request))
}

const check = ({ app, limits }: Services, room: Room, request: PublishRequest): Soon<Prepared> =>
  soon(app.checkEvent(room, request.event, request.data), (data) => {
    checkSize(data, limits.messageBytes)
    return { request, room, data }
  })

/** Begun at once, and in this call where the engine is done in it. @throws FanfareError `unavailable`, `overloaded` */
export const append = (services: Services, caller: Caller, prepared: Prepared): Soon<PublishResult> => {
  const { clock, engine, ids } = services
  const startedAt = clock.now()
  const draft = draftOf(caller, prepared, { id: ids(startedAt), timestamp: isoTime(startedAt) })
  const published = engine.log.publish(prepared.room, draft, optionsOf(services, caller, prepared.request))
  return soon(published, (done) => acknowledge(services, caller, { prepared, startedAt, published: done }))
}

const draftOf = (
  caller: Caller,
  { request, room: { tenantId, name: room }, data }: Prepared,
  { id, timestamp }: Pick<Draft, 'id' | 'timestamp'>,
): Draft => {
  const userId = userOfCaller(caller)
  const type = request.event
  return userId === undefined
    ? { id, type, tenantId, room, data, timestamp }
    : { id, type, tenantId, room, userId, data, timestamp }
}

const optionsOf = ({ app }: Services, caller: Caller, { event, key, depth = 0 }: PublishRequest): PublishOptions => {
  const react = app.reactions(event).length > 0
  return key === undefined ? { react, depth } : { key: `${callerScope(caller)}|${key}`, react, depth }
}

type Appended = { readonly prepared: Prepared; readonly startedAt: number; readonly published: Published }

const acknowledge = (
  services: Services,
  caller: Caller,
  { prepared, startedAt, published }: Appended,
): PublishResult => {
  const { app, clock, metrics, reactor } = services
  const { request, room } = prepared
  metrics.observe('fanfare_publish_seconds', (clock.now() - startedAt) / 1000)
  if (!published.duplicate) {
    metrics.add('fanfare_events_published_total')
    // What the application publishes for somebody is told of the command.
    if (caller.kind !== 'app') tell(services, caller, { action: 'room.published', subject: room.name })
    // What is archived is reacted to once it was forwarded, by whoever does that.
    if (room.log.archive === undefined && app.reactions(request.event).length > 0)
      void reactor.react(room, published.event, request.depth ?? 0)
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
  if (!isLargerAsJson(data, limit)) return
  throw new FanfareError('too_large', `The event's data has ${jsonBytes(data)} bytes; the limit is ${limit}.`)
}
