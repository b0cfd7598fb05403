/** The browser's client of Socket.IO as its makers publish it, where pages expect it: under the path of the application. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Api } from '../api/api.ts'

const scripts = ['socket.io.js', 'socket.io.min.js', 'socket.io.esm.min.js', 'socket.io.msgpack.min.js'] as const
const files = scripts.flatMap((name) => [name, `${name}.map`])

type Published = { readonly folder: string; readonly version: string }

const findClient = async (): Promise<Published> => {
  const manifest = createRequire(import.meta.url).resolve('socket.io-client/package.json')
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { readonly version: string }
  return { folder: join(dirname(manifest), 'dist'), version }
}

export const addBrowserClient = (api: Api, path: string): void => {
  for (const file of files) {
    api.get(`${path}/${file}`, async (c) => {
      const { folder, version } = await findClient()
      const tag = `"${version}"`
      const headers = { ETag: tag, 'Cache-Control': 'public, max-age=0' }
      const known = (c.req.header('if-none-match') ?? '').split(',').map((entry) => entry.trim().replace(/^W\//, ''))
      if (known.includes(tag)) return new Response(null, { status: 304, headers })
      const type = file.endsWith('.map') ? 'application/json' : 'application/javascript'
      return new Response(await readFile(join(folder, file)), {
        headers: { ...headers, 'Content-Type': `${type}; charset=utf-8` },
      })
    })
  }
}
