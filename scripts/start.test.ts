import { expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './lib/run.mjs'

test('npm start runs a server, and whoever ends npm ends the server, in peace', async () => {
  const data = mkdtempSync(join(tmpdir(), 'fanfare-npm-start-'))
  const npm = spawn('npm', ['start', '--', '--port', '0', '--data', data], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  try {
    const url = Promise.withResolvers<string>()
    let told = ''
    npm.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString()
      const found = /address +(http:\S+)/.exec(told)?.[1]
      if (found !== undefined) url.resolve(found)
    })
    const ended = once(npm, 'exit')
    ended.then(() => url.reject(new Error(told)))
    const address = await url.promise
    expect((await fetch(`${address}/ready`)).status).toBe(200)
    npm.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    expect(told).toContain('Stopped.')
    await expect(fetch(`${address}/ready`)).rejects.toThrow()
  } finally {
    npm.kill('SIGKILL')
    rmSync(data, { recursive: true, force: true })
  }
}, 30_000)
