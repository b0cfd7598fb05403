/** The one payload of every benchmark, 132 bytes of JSON, with a number of six digits at its end by which order is checked. */
export const payloadBytes = 132
export const digits = 6
/** After the last number comes the first again. */
export const numbers = 10 ** digits

const around = '{"text":"","n":"000000"}'.length
const text = 'Heart rate 92, SpO2 97, resp 16, BP 118/76, temp 36.8. '.repeat(3).slice(0, payloadBytes - around)

export const payloadOf = (number: number): string =>
  JSON.stringify({ text, n: String(number % numbers).padStart(digits, '0') })

/** What stands right before the number. */
export const beforeNumber = '"n":"'
