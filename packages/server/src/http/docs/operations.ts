/** The description’s operations as a reader meets them: by group, each with an example request and answer. */
import type { ApiDescription } from './openapi.ts'

/** Of a JSON Schema, what an example can be made from. */
export type Schema = {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly example?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly description?: string
  readonly properties?: { readonly [name: string]: Schema }
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
}

type Content = { readonly [type: string]: { readonly schema?: Schema } }

export type Parameter = {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: boolean
  readonly description?: string
  readonly schema?: Schema
}

export type Answer = { readonly status: string; readonly description: string; readonly content: Content }

export type Operation = {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly summary: string
  readonly description: string
  /** The names of the schemes of which one is needed; empty for everybody. */
  readonly security: readonly string[]
  readonly parameters: readonly Parameter[]
  readonly body: unknown
  readonly answers: readonly Answer[]
}

export type Group = { readonly name: string; readonly description: string; readonly operations: readonly Operation[] }

type RawOperation = {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly description: string
  readonly security?: readonly { readonly [scheme: string]: unknown }[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: { readonly [status: string]: { readonly description: string; readonly content?: Content } }
}

/** What the generator's own types leave open, as this server fills it. */
export type Described = {
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly paths: { readonly [path: string]: { readonly [method: string]: RawOperation } }
  readonly components: { readonly schemas: { readonly [name: string]: Schema } }
}

export const described = (description: ApiDescription): Described => description as unknown as Described

export const groupsOf = (description: Described): readonly Group[] => {
  const all = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]) => ({
      tag: raw.tags[0],
      operation: operationOf(description, { path, method, raw }),
    })),
  )
  return description.tags.map(({ name, description: about }) => ({
    name,
    description: about,
    operations: all.filter(({ tag }) => tag === name).map(({ operation }) => operation),
  }))
}

type Found = { readonly path: string; readonly method: string; readonly raw: RawOperation }

const operationOf = (description: Described, { path, method, raw }: Found): Operation => ({
  id: raw.operationId,
  method: method.toUpperCase(),
  path,
  summary: raw.summary,
  description: raw.description,
  security: (raw.security ?? []).flatMap((scheme) => Object.keys(scheme)),
  parameters: raw.parameters ?? [],
  body: raw.requestBody && exampleIn(description, raw.requestBody.content),
  answers: Object.entries(raw.responses).map(([status, answer]) => ({
    status,
    description: answer.description,
    content: answer.content ?? {},
  })),
})

/** Undefined where there is nothing to show. */
export const exampleIn = (description: Described, content: Content): unknown => {
  const schema = Object.values(content)[0]?.schema
  return schema && exampleOf(description, schema)
}

export const exampleOf = (description: Described, schema: Schema): unknown => {
  if (schema.$ref !== undefined) {
    const target = description.components.schemas[schema.$ref.split('/').at(-1) ?? '']
    return target && exampleOf(description, target)
  }
  const given = schema.example ?? schema.const ?? schema.default ?? schema.enum?.[0]
  if (given !== undefined) return given
  if (schema.anyOf?.[0]) return exampleOf(description, schema.anyOf[0])
  if (schema.items) return [exampleOf(description, schema.items)]
  if (schema.properties) return objectExample(description, schema.properties)
  return plainExample(Array.isArray(schema.type) ? schema.type[0] : schema.type)
}

const objectExample = (description: Described, properties: { readonly [name: string]: Schema }): unknown =>
  Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, exampleOf(description, schema)]))

const plainExample = (type: unknown): unknown => {
  if (type === 'integer' || type === 'number') return 1
  if (type === 'boolean') return false
  return type === 'object' ? {} : '…'
}
