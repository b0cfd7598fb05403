/** Types of run.mjs for the scripts in TypeScript. */
export const root: string
