/** How an operation is asked from a shell: a command that can be copied and run. */
import type { Operation, Parameter } from './operations.ts'

export const curlOf = ({ method, path, parameters, security, body }: Operation): string => {
  const opensLink = path === '/v1/websocket'
  const address = `${opensLink ? '$FANFARE_WS' : '$FANFARE'}${filled(path, parameters)}${queryOf(parameters)}`
  const lines = [
    `curl ${path === '/v1/stream' ? '-N ' : ''}${method === 'GET' ? '' : `-X ${method} `}"${address}"`,
    ...(security.length > 0 ? [`-H "Authorization: Bearer $TOKEN"`] : []),
    ...(body === undefined ? [] : [`-H "Content-Type: application/json"`, `-d '${JSON.stringify(body)}'`]),
  ]
  return lines.join(' \\\n  ')
}

const exampleOf = ({ schema, name }: Parameter): string => String(schema?.example ?? `{${name}}`)

const filled = (path: string, parameters: readonly Parameter[]): string =>
  parameters
    .filter((parameter) => parameter.in === 'path')
    .reduce((text, parameter) => text.replace(`{${parameter.name}}`, encodeURIComponent(exampleOf(parameter))), path)

/** What must be there, and what has an example worth trying. */
const queryOf = (parameters: readonly Parameter[]): string => {
  const pairs = parameters
    .filter((parameter) => parameter.in === 'query' && (parameter.required || parameter.schema?.example !== undefined))
    .flatMap((parameter) => {
      const example = parameter.schema?.example
      const values = Array.isArray(example) ? example.map(String) : [exampleOf(parameter)]
      return values.map((value) => `${parameter.name}=${encodeURIComponent(value)}`)
    })
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}
