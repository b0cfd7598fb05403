/** The payloads of every benchmark: JSON of so many bytes, with a number of six digits at its end by which order is checked. */

/** Of a payload, unless a scenario says otherwise. */
export const payloadBytes = 100
export const digits = 6
/** After the last number comes the first again. */
export const numbers = 10 ** digits

const around = '{"text":"","n":"000000"}'.length
const sentence = 'Heart rate 92, SpO2 97, resp 16, BP 118/76, temp 36.8. '

/** `bytes`: of the whole payload, at least 60, so that the beginning of its text is in it. */
export const payloadOf = (number: number, bytes: number = payloadBytes): string => {
  const text = sentence.repeat(Math.ceil(bytes / sentence.length)).slice(0, bytes - around)
  return JSON.stringify({ text, n: String(number % numbers).padStart(digits, '0') })
}

/** What every payload begins with. */
export const payloadBegins = payloadOf(0).slice(0, 40)

/** What stands right before the number. */
export const beforeNumber = '"n":"'
