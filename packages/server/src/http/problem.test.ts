import { expect, test } from 'bun:test'
import { codes, type ErrorCode, FanfareError } from '@fanfare/protocol'
import { problem } from './problem.ts'

test.each(Object.keys(codes) as ErrorCode[])('%s is told as a problem that says whether to try again', async (code) => {
  const answer = problem(new FanfareError(code, 'What happened.'))
  expect(answer.status).toBe(codes[code].status)
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(answer.headers.get('www-authenticate')).toBe(answer.status === 401 ? 'Bearer' : null)
  expect(await answer.json()).toEqual({
    type: `/docs#${code}`,
    title: codes[code].meaning,
    status: codes[code].status,
    detail: 'What happened.',
    code,
    retry: codes[code].retry,
  })
})

test('a hint when to come back is there twice: exactly, and in whole seconds', async () => {
  const answer = problem(new FanfareError('rate_limited', 'Slow down.', { retryAfterMs: 1_200.4 }))
  expect(answer.headers.get('retry-after')).toBe('2')
  expect(await answer.json()).toMatchObject({ retryAfterMs: 1_201 })
})

test('what caused it stays here', async () => {
  const answer = problem(new FanfareError('unavailable', 'Not now.', { cause: new Error('password=1234') }))
  expect(await answer.text()).not.toContain('1234')
})
