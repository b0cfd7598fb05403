// What the scripts print: one line a step, rewritten in place on a terminal. Owns no step.
import process from 'node:process'

const live = process.stderr.isTTY === true && process.env.CI === undefined
const colour = process.env.NO_COLOR === undefined && process.stderr.isTTY === true
const paint = (code) => (text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)

export const green = paint(32)
export const red = paint(31)
export const dim = paint(2)

/** Seconds with one decimal, since a `performance.now()`. */
export const since = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`

export const say = (line) => process.stderr.write(`${line}\n`)

/** Prints why and what to do next, then ends the process with 1. */
export const fail = (line) => {
  say(red(line))
  process.exit(1)
}

/** Shows a step while it runs; `end` replaces the line with how it went. */
export const progress = (name) => {
  const start = performance.now()
  const draw = () => process.stderr.write(`\r\u001b[2K${dim('…')} ${name} ${dim(since(start))}`)
  const timer = live ? setInterval(draw, 200) : undefined
  if (live) draw()
  return {
    end(ok, note = '') {
      clearInterval(timer)
      if (live) process.stderr.write('\r\u001b[2K')
      say(`${ok ? green('✓') : red('✗')} ${name} ${dim(since(start))}${note === '' ? '' : ` ${note}`}`)
    },
  }
}
