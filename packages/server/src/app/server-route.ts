/** Routes for a tenant's own servers: asked for with an API key of the right scope, or by a user with the role `admin`. Shapes, and the helper that types their input. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { RouteContext } from './context.ts'

/** What the schemas of a route gave back; undefined where it has none. */
export type RouteInput<Body = unknown, Query = unknown> = { readonly body: Body; readonly query: Query }

export type ServerRoute<Body extends StandardSchemaV1, Query extends StandardSchemaV1> = {
  readonly scope: 'publish' | 'read' | 'admin'
  /** A room's name with the path's parameters in braces: keys whose scope is for such rooms only will do too. @default keys for every room */
  readonly room?: string
  /** A few words for `/docs` and `/openapi.json`. */
  readonly summary?: string
  /** JSON. */
  readonly body?: Body
  /** Of one text for each name. */
  readonly query?: Query
  /** For the documentation; what is answered is not checked. */
  readonly answer?: StandardSchemaV1
}

export type ServerRouteDescription = ServerRoute<StandardSchemaV1, StandardSchemaV1> & {
  readonly auth: 'server'
  readonly handle: (context: RouteContext, input: RouteInput) => unknown
}

type OutputOf<Schema extends StandardSchemaV1> = StandardSchemaV1.InferOutput<Schema>
type NoSchema = StandardSchemaV1<undefined>

/** Body and query are checked before `handle` runs; what it returns is answered as JSON. */
export const serverRoute = <Body extends StandardSchemaV1 = NoSchema, Query extends StandardSchemaV1 = NoSchema>(
  about: ServerRoute<Body, Query>,
  handle: (context: RouteContext, input: RouteInput<OutputOf<Body>, OutputOf<Query>>) => unknown,
): ServerRouteDescription => ({ ...about, auth: 'server', handle: handle as ServerRouteDescription['handle'] })
