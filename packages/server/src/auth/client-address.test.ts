import { expect, test } from 'bun:test'
import { clientAddress, trustProxies } from './client-address.ts'

const proxies = trustProxies(['10.0.0.0/8', '192.0.2.7', 'fd00::/8', '::1'])

const cases: readonly (readonly [remote: string, header: string | null, client: string, why: string])[] = [
  ['203.0.113.5', null, '203.0.113.5', 'no header'],
  ['203.0.113.5', '1.1.1.1', '203.0.113.5', 'a sender that is no proxy is not believed'],
  ['10.0.0.1', '203.0.113.5', '203.0.113.5', 'a known proxy is'],
  ['10.0.0.1', '6.6.6.6, 203.0.113.5', '203.0.113.5', 'what the client wrote in front is not'],
  ['10.0.0.1', '6.6.6.6, 203.0.113.5, 192.0.2.7', '203.0.113.5', 'through two known proxies'],
  ['10.0.0.1', '10.9.9.9', '10.9.9.9', 'a client inside'],
  ['10.0.0.1', '203.0.113.5, unknown', '10.0.0.1', 'an entry that is no address ends the chain'],
  ['10.0.0.1', '203.0.113.5:4711', '203.0.113.5', 'with a port'],
  ['::1', '[2001:DB8::1]:443', '2001:db8::1', 'IPv6 with a port'],
  ['::ffff:10.0.0.1', '203.0.113.5', '203.0.113.5', 'a proxy on a dual-stack socket'],
  ['::ffff:203.0.113.5', '1.1.1.1', '203.0.113.5', 'a stranger on one'],
  ['192.0.2.8', '1.1.1.1', '192.0.2.8', 'the neighbour of a proxy'],
  ['10.0.0.1', '', '10.0.0.1', 'an empty header'],
  ['10.0.0.1', ' , ,', '10.0.0.1', 'an empty list'],
]
for (const [remote, header, client, why] of cases) {
  test(why, () => expect(clientAddress(remote, header, proxies)).toBe(client))
}

test('trusts nobody unless told, and tells what is no address', () => {
  expect(clientAddress('127.0.0.1', '1.1.1.1', trustProxies([]))).toBe('127.0.0.1')
  for (const bad of ['proxy.local', '10.0.0.0/33', '10.0.0.0/x', '::1/129', '10.0.0.0/', '']) {
    expect(() => trustProxies([bad])).toThrow(JSON.stringify(bad))
  }
})
