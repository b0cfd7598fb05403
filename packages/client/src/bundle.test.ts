import { expect, test } from 'bun:test'

/** What a browser downloads for the whole client. */
const gzippedBytes = async (): Promise<number> => {
  const entry = new URL('./index.ts', import.meta.url).pathname
  const { outputs } = await Bun.build({ entrypoints: [entry], minify: true, target: 'browser' })
  return Bun.gzipSync(await outputs[0]!.arrayBuffer(), { level: 9 }).length
}

test('the client is at most 12,000 bytes, minified and compressed', async () => {
  expect(await gzippedBytes()).toBeLessThanOrEqual(12_000)
})
