/** The routes for tenants' servers, of features and of the application, as the description of the API tells of them: by their own schemas. */

import { z } from '@hono/zod-openapi'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { RouteRule } from '../../app/app.ts'
import { type Api, administered, refusedWith } from '../api/api.ts'

export type ServerRouteRule = Extract<RouteRule, { auth: 'server' }>

type Registry = Api['openAPIRegistry']
type JsonSchema = { readonly [name: string]: unknown }
type Parameter = {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required: boolean
  readonly schema: JsonSchema
}

const tagOf = ({ owner }: ServerRouteRule): string =>
  owner === '' ? 'Application' : `${owner.charAt(0).toUpperCase()}${owner.slice(1)}`

/** One for each feature that has routes, and one for the application. */
export const tagsOf = (routes: readonly ServerRouteRule[]) =>
  [...new Map(routes.map((rule) => [tagOf(rule), rule])).entries()].map(([name, { owner }]) => ({
    name,
    description: owner === '' ? 'The application’s own.' : `Of the feature ${owner}, for a tenant’s servers.`,
  }))

export const addServerRoutes = (registry: Registry, routes: readonly ServerRouteRule[]): void => {
  for (const rule of routes) {
    const path = rule.path.replace(/:([^/]+)/g, '{$1}')
    registry.registerPath({
      method: rule.method.toLowerCase() as 'get',
      path,
      operationId: idOf(rule),
      tags: [tagOf(rule)],
      summary: rule.summary ?? `${rule.method} ${path}`,
      description: `For a server with an API key of the scope \`${rule.scope}\`${rule.roomOf ? ', for this room at least' : ''}, or a user with the role \`admin\`.`,
      security: administered,
      parameters: [...pathParameters(path), ...queryParameters(rule.query)],
      ...(rule.body && {
        request: {
          body: { required: true, content: { 'application/json': { schema: schemaOf(rule.body, 'input') } } },
        },
      }),
      responses: {
        200: { description: 'Done.', content: { 'application/json': { schema: schemaOf(rule.answer, 'output') } } },
        ...refusedWith(400, 401, 403, 404, 413, 422, 429, 503),
      },
    })
  }
}

/** `POST /v1/chat/rooms/:roomId/messages` is `postChatRoomsByRoomIdMessages`. */
const idOf = ({ method, path }: ServerRouteRule): string =>
  path
    .replace(/^\/v1\//, '/')
    .replaceAll('/:', '/by-')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .reduce((name, word) => name + word.charAt(0).toUpperCase() + word.slice(1), method.toLowerCase())

const pathParameters = (path: string): readonly Parameter[] =>
  [...path.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))

const queryParameters = (query: StandardSchemaV1 | undefined): readonly Parameter[] => {
  const { properties = {}, required = [] } = schemaOf(query, 'input') as {
    readonly properties?: { readonly [name: string]: JsonSchema }
    readonly required?: readonly string[]
  }
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}

/** What zod can say of its schemas; of others, and of what JSON Schema has no words for, nothing is said: any JSON. */
const schemaOf = (schema: StandardSchemaV1 | undefined, io: 'input' | 'output'): JsonSchema => {
  if (schema?.['~standard'].vendor !== 'zod') return {}
  try {
    const {
      $schema: _,
      $defs: __,
      ...described
    } = z.toJSONSchema(schema as unknown as z.ZodType, {
      io,
      unrepresentable: 'any',
    })
    return JSON.parse(JSON.stringify(described), withoutReferences) as JsonSchema
  } catch {
    return {}
  }
}

/** They lead from the root of the schema, and it is no root here. What refers to itself is JSON within JSON: any. */
const withoutReferences = (_name: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && '$ref' in value ? {} : value
