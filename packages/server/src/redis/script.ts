/** Scripts in Lua, from the files beside the code that runs them. Each has a header: purpose, KEYS, ARGV, returns, invariants. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

export type Script = { readonly name: string; readonly source: string; readonly sha: string }

/** @param url of the file, as `new URL('./scripts/publish.lua', import.meta.url)` */
export const readScript = (url: URL): Script => {
  const source = readFileSync(url, 'utf8')
  const name = url.pathname.slice(url.pathname.lastIndexOf('/') + 1)
  return { name, source, sha: createHash('sha1').update(source).digest('hex') }
}
