/** Types of suites.mjs for the scripts in TypeScript. */
export type Counts = { readonly passed: number; readonly failed: number; readonly skipped: number }
export const noCounts: Counts
export function add(one: Counts, other: Counts): Counts
export function countsLine(counts: Counts): string
export function countsOfJunit(xml: string): Counts | undefined
export function countsOfTap(tap: string): Counts | undefined
export function judged(counts: Counts | undefined, code: number): Counts
export function failuresOf(output: string): string
