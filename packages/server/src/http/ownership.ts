/** Which requests this node answers where others answer on the same port. Asks the router itself, so there is no second list. */
import { getPath } from 'hono/utils/url'
import type { App } from '../app/app.ts'
import type { Api } from './api/api.ts'

export type Ownership = (asked: { readonly method: string; readonly url: string }) => boolean

export type OwnershipOptions = {
  /** Whether the paths for whoever runs a node, and its documentation, are among them. */
  readonly operations: boolean
}

/** Names that a host is likely to have taken itself. */
const operationPath = /^\/(?:health|ready|metrics|openapi\.json|docs(?:\/.*)?)$/
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** @returns for an absolute address, whether a route of ours or of the application takes it with this method */
export const ownership = (api: Api, app: App, { operations }: OwnershipOptions): Ownership => {
  const takes = (method: string, path: string): boolean =>
    // What stands around every handler is there for any path.
    api.router.match(method, path)[0].some(([[, route]]) => route.path !== '*' && route.path !== '/*')
  return ({ method, url }) => {
    const path = getPath({ url } as Request)
    if (!operations && operationPath.test(path)) return false
    // A browser asks before the request itself.
    if (method === 'OPTIONS') return methods.some((other) => takes(other, path)) || app.endpoint(path) !== undefined
    const asked = method === 'HEAD' ? 'GET' : method
    return takes(asked, path) || (asked === 'GET' && app.endpoint(new URL(url).pathname) !== undefined)
  }
}
