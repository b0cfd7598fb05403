import { expect, test } from 'bun:test'
import { publicAddresses } from './public-address.ts'

const { isPublic, isLoopback } = publicAddresses()

test('addresses of the internet are public', () => {
  for (const address of [
    '1.1.1.1',
    '8.8.8.8',
    '172.32.0.1',
    '223.255.255.254',
    '2606:4700::1111',
    '2a00:1450:4001::5f',
  ]) {
    expect([address, isPublic(address)]).toEqual([address, true])
  }
})

test('addresses of machines, networks at home, clouds and nobody are not', () => {
  const inside = [
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.8.8.8',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.19.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '64:ff9b::a00:1',
    'fd00:ec2::254',
    'fe80::1',
    'ff02::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '2001:0:4136:e378::1',
  ]
  for (const address of inside) expect([address, isPublic(address)]).toEqual([address, false])
})

test('what is no address is neither', () => {
  for (const text of ['', 'localhost', '127.1', '0x7f000001', '2130706433', '1.1.1.1 ', '[::1]']) {
    expect([text, isPublic(text), isLoopback(text)]).toEqual([text, false, false])
  }
})

test('the machine itself is known', () => {
  expect(['127.0.0.1', '127.9.9.9', '::1'].map(isLoopback)).toEqual([true, true, true])
  expect(['10.0.0.1', '::2', '1.1.1.1'].map(isLoopback)).toEqual([false, false, false])
})
