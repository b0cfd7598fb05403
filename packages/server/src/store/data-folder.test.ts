import { afterAll, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDataFolder } from './data-folder.ts'

const root = mkdtempSync(join(tmpdir(), 'fanfare-folder-'))
afterAll(() => rmSync(root, { recursive: true }))

const spawn = (path: string) => {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'lock.child.ts'), path], {
    stdin: 'pipe',
    stdout: 'pipe',
  })
  const said = async () => {
    const { value } = await child.stdout.getReader().read()
    return new TextDecoder().decode(value).trim()
  }
  const kill = async () => {
    child.kill('SIGKILL')
    await child.exited
  }
  return { pid: child.pid, said, kill }
}

const modeOf = (path: string) => statSync(path).mode & 0o777

test('a folder that is made is private, and so is an empty one that was there', async () => {
  const made = join(root, 'deep', 'made')
  const folder = await openDataFolder(made)
  expect(modeOf(made)).toBe(0o700)
  folder.close()
  const empty = join(root, 'empty')
  mkdirSync(empty)
  chmodSync(empty, 0o755)
  const second = await openDataFolder(empty)
  expect(modeOf(empty)).toBe(0o700)
  second.close()
})

test('a folder with other things in it keeps its mode', async () => {
  const path = join(root, 'home')
  mkdirSync(path)
  chmodSync(path, 0o755)
  writeFileSync(join(path, 'letter.txt'), '')
  const folder = await openDataFolder(path)
  expect(modeOf(path)).toBe(0o755)
  folder.close()
})

test('what cannot be a folder is refused with its name', async () => {
  const path = join(root, 'file')
  writeFileSync(path, '')
  await expect(openDataFolder(path)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining(path),
  })
})

test('a lock file that is none is named, with what may be done about it', async () => {
  const path = join(root, 'damaged')
  mkdirSync(path)
  writeFileSync(join(path, 'fanfare.lock'), 'no lock '.repeat(1_000))
  await expect(openDataFolder(path)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/fanfare\.lock: .*may be deleted/),
  })
})

test('a second process is refused within a second, and told who has the folder', async () => {
  const path = join(root, 'held')
  const holder = spawn(path)
  expect(await holder.said()).toBe(`held ${holder.pid}`)
  const before = performance.now()
  await expect(openDataFolder(path)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining(`process ${holder.pid}`),
  })
  expect(performance.now() - before).toBeLessThan(1_000)
  await holder.kill()
})

test('the same process is refused too, until it closes the folder', async () => {
  const path = join(root, 'twice')
  const first = await openDataFolder(path)
  await expect(openDataFolder(path)).rejects.toMatchObject({
    message: expect.stringContaining(`process ${process.pid}`),
  })
  first.close()
  const second = await openDataFolder(path)
  second.close()
})

test('the folder of a killed process is taken over, whatever its pid file says and whoever has its pid now', async () => {
  const path = join(root, 'killed')
  const holder = spawn(path)
  expect(await holder.said()).toBe(`held ${holder.pid}`)
  await holder.kill()
  writeFileSync(join(path, 'fanfare.pid'), JSON.stringify({ pid: process.pid, startedAt: '1' }))
  const folder = await openDataFolder(path)
  folder.close()
})

test('of many processes that start at once, one has the folder', async () => {
  const path = join(root, 'raced')
  const children = Array.from({ length: 5 }, () => spawn(path))
  const said = await Promise.all(children.map((child) => child.said()))
  const holders = said.filter((words) => words.startsWith('held'))
  expect(holders).toHaveLength(1)
  const pid = holders[0]!.split(' ')[1]
  for (const words of said) if (words !== holders[0]) expect(words).toContain(`in use by process ${pid}`)
  await Promise.all(children.map((child) => child.kill()))
})

test('a counter keeps its number', async () => {
  const folder = await openDataFolder(join(root, 'counted'))
  const counter = folder.counter('rooms')
  expect(counter.read()).toBe(0)
  counter.write(41)
  counter.write(7)
  expect(counter.read()).toBe(7)
  counter.close()
  const again = folder.counter('rooms')
  expect(again.read()).toBe(7)
  again.close()
  folder.close()
})
