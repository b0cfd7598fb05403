/** What is wrong with an OpenAPI 3.1 description: its structure, as far as a program that reads it relies on it. Pure. */

type Parameter = { readonly name: string; readonly in: string; readonly required?: boolean; readonly schema?: object }
export type Operation = {
  readonly operationId?: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: object }
  readonly responses: { readonly [status: string]: { readonly description?: string } }
  readonly security?: readonly { readonly [scheme: string]: readonly string[] }[]
}
export type Description = {
  readonly openapi: string
  readonly info: { readonly title?: string; readonly version?: string }
  readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } }
  readonly components: { readonly securitySchemes: object }
}

const methods = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'])
const types = new Set(['null', 'boolean', 'object', 'array', 'number', 'string', 'integer'])
const status = /^(?:[1-5]\d\d|[1-5]XX|default)$/

export const faultsOf = (description: Description): readonly string[] => {
  const { openapi, info, paths } = description
  const ids = new Set<string>()
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  )
  return [
    ...(/^3\.1\.\d+$/.test(openapi) ? [] : [`openapi is ${openapi}`]),
    ...(info.title && info.version ? [] : ['info has no title or version']),
    ...(operations.length > 0 ? [] : ['there are no operations']),
    ...operations.flatMap(({ path, method, operation }) => {
      const place = `${method} ${path}`
      const id = operation.operationId ?? ''
      const isNew = id !== '' && !ids.has(id)
      ids.add(id)
      return [
        ...(methods.has(method) && path.startsWith('/') ? [] : [`${place} is no operation`]),
        ...(isNew ? [] : [`${place} has no operationId of its own`]),
        ...parameterFaults(path, operation).map((fault) => `${place}: ${fault}`),
        ...answerFaults(operation).map((fault) => `${place}: ${fault}`),
        ...securityFaults(description, operation).map((fault) => `${place}: ${fault}`),
      ]
    }),
    ...schemaFaults(description, description),
  ]
}

const parameterFaults = (path: string, { parameters = [] }: Operation): string[] => {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
  const told = parameters.filter((parameter) => parameter.in === 'path')
  return [
    ...inPath.filter((name) => !told.some((each) => each.name === name && each.required)).map((name) => `no ${name}`),
    ...told.filter(({ name }) => !inPath.includes(name)).map(({ name }) => `${name} is not in the path`),
    ...parameters.filter(({ schema }) => !schema).map(({ name }) => `${name} has no schema`),
  ]
}

const answerFaults = ({ responses }: Operation): string[] => {
  const entries = Object.entries(responses)
  return [
    ...(entries.length > 0 ? [] : ['no responses']),
    ...entries
      .filter(([code, { description }]) => !status.test(code) || !description)
      .map(([code]) => `answer ${code}`),
  ]
}

const securityFaults = ({ components }: Description, { security = [] }: Operation): string[] =>
  security.flatMap((way) => Object.keys(way)).filter((scheme) => !Object.hasOwn(components.securitySchemes, scheme))

/** Every reference leads somewhere, every type is one. Examples may hold anything. */
const schemaFaults = (root: object, node: unknown): string[] => {
  if (typeof node !== 'object' || node === null) return []
  return Object.entries(node).flatMap(([name, value]) => {
    if (name === 'example' || name === 'examples') return []
    if (name === '$ref') return leadsSomewhere(root, value) ? [] : [`${value} leads nowhere`]
    if (name === 'nullable') return ['nullable is a word of OpenAPI 3.0']
    if (name === 'type' && !('in' in node) && !('scheme' in node) && !isType(value))
      return [`type ${JSON.stringify(value)}`]
    return schemaFaults(root, value)
  })
}

const isType = (value: unknown): boolean =>
  typeof value === 'object' || [value].flat().every((each) => types.has(String(each)))

const leadsSomewhere = (root: object, reference: unknown): boolean => {
  const parts = String(reference).replace(/^#\//, '').split('/')
  const found = parts.reduce<unknown>(
    (node, part) => (typeof node === 'object' && node !== null ? Reflect.get(node, part) : undefined),
    root,
  )
  return String(reference).startsWith('#/') && found !== undefined
}
